"""A process shows that it lives by a lock; a dead one is found, a living one is not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from ingest.ownership import dead_owners, owned

HOLD = """
import pathlib, sys, time
from ingest.ownership import owned
with owned(pathlib.Path(sys.argv[1])) as name:
    print(name, flush=True)
    time.sleep(60)
"""


def test_a_killed_process_is_found_once_and_a_living_one_never(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        name = process.stdout.readline().strip()
        assert list(dead_owners(tmp_path)) == []
        os.kill(process.pid, signal.SIGKILL)
    assert list(dead_owners(tmp_path)) == [name]
    assert list(dead_owners(tmp_path)) == []


def test_a_process_that_ends_leaves_nothing(tmp_path: Path) -> None:
    with owned(tmp_path) as name:
        assert (tmp_path / f"{name}.owner").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_has_no_dead(tmp_path: Path) -> None:
    assert list(dead_owners(tmp_path / "none")) == []
