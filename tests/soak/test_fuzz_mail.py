"""An hour of coverage-guided fuzzing finds no mail that cannot be read: ``make soak``."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SEEDS = ROOT / "tests" / "data"


def seeds(folder: Path) -> Path:
    """Every mail of the test data, under one name each."""
    folder.mkdir()
    for number, path in enumerate(sorted(SEEDS.rglob("*.eml"))):
        shutil.copyfile(path, folder / f"{number:04}-{path.stem}")
    return folder


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_no_mail_raises_or_takes_more_than_two_seconds(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    seconds = os.environ.get("SOAK_SECONDS", "3600")
    found = tmp_path / "found"
    found.mkdir()
    options = [
        f"-max_total_time={seconds}",
        "-max_len=20000",
        "-timeout=60",
        "-rss_limit_mb=2048",
        f"-artifact_prefix={found}/",
        f"-dict={Path(__file__).with_name('mail.dict')}",
        "-print_final_stats=1",
    ]
    command = [sys.executable, "-m", "tests.soak.fuzz_mail", str(seeds(tmp_path / "seeds")), *options]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    for mail in sorted(found.iterdir()):
        command = [sys.executable, "-m", "tests.soak.read_mail", str(mail)]
        again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
        assert again.returncode == 0, f"{mail.read_bytes()!r}\n{again.stderr[-3000:]}"
    assert run.returncode == 0, run.stderr[-3000:]
