"""The demonstration: the main job on real parts, from an empty folder to the inbox, twice from the same state."""

import json
import os
from pathlib import Path

import pytest

from tests.house import ROOT, in_own_process


@pytest.mark.xdist_group("demo")
def test_the_demonstration_shows_the_whole_way_and_leaves_a_house_to_work_in(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LANG": "en_US.UTF-8"}
    done = in_own_process("demo", folder, env=environment, cwd=tmp_path, timeout=280)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    shown = done.stdout.decode()
    order = (
        "mails delivered to a real IMAP server",
        "DANGER: call the customer",
        "posteingang list:",
        "posteingang deadlines:",
        "posteingang show ",
        "Words that decided:",
        "posteingang quarantine list:",
        "The PDF is locked with a password",
        "posteingang reconcile:",
        "Nothing is missing.",
        "Try next",
    )
    places = [shown.index(part) for part in order]
    assert places == sorted(places)
    assert "bug" not in shown
    environment["POSTEINGANG_CONFIG"] = str(folder / "posteingang.toml")
    for line in shown[places[-1] :].splitlines()[2:]:
        command = line.split()
        assert command[0] == "posteingang"
        tried = in_own_process(*command[1:], env=environment, cwd=tmp_path)
        assert (tried.returncode, tried.stderr) == (0, b"")
    status = json.loads(in_own_process("status", "--json", env=environment, cwd=tmp_path).stdout)
    assert (status["waiting"], status["set_aside"]) == (0, 1)
    assert {run["source"]: run["seen"] >= least for run, least in zip(status["runs"], (40, 12), strict=True)} == {
        "mailbox": True,
        "scanner": True,
    }
    refused = in_own_process("demo", tmp_path, env=environment, cwd=tmp_path)
    assert refused.returncode == os.EX_CONFIG
    assert b"was not made by a demonstration" in refused.stderr
