"""`init`, `migrate`, `doctor` and the configuration: each failure names the key or the place, and the remedy."""

import json
import os
import re
import stat
import tomllib
from pathlib import Path

import pytest

from commands import checks
from models.errors import TemporaryError
from tests.house import House, posteingang
from tests.servers.dovecot import Dovecot


def test_init_writes_a_configuration_that_is_read_and_overwrites_none(tmp_path: Path) -> None:
    path = tmp_path / "posteingang.toml"
    done = posteingang("init", path)
    assert (done.code, done.err) == (0, "")
    assert str(path) in done.out
    written = path.read_bytes()
    assert set(tomllib.loads(written.decode())["sources"]) == {"mailbox", "scanner"}
    again = posteingang("init", path)
    assert again.code == os.EX_CONFIG
    assert again.err == f"posteingang: {path} exists and is left as it is; give another path.\n"
    assert path.read_bytes() == written
    nowhere = posteingang("init", tmp_path / "nowhere" / "posteingang.toml")
    assert (nowhere.code, "No such file or directory" in nowhere.err) == (os.EX_CONFIG, True)
    # The mailbox of the template is nobody's, but every key of it is a real one.
    migrated = posteingang("--config", path, "migrate")
    assert (migrated.code, migrated.err) == (0, "")


def test_every_key_that_the_template_offers_is_known(tmp_path: Path) -> None:
    path = tmp_path / "posteingang.toml"
    assert posteingang("init", path).code == 0
    offered = re.sub(r"^# (?=[a-z_]+ = |\[\[)", "", path.read_text("utf-8"), flags=re.MULTILINE)
    offered = re.sub(
        r"^password_(command|env) = .*\n|^(database|archive|ca_file) = .*\n", "", offered, flags=re.MULTILINE
    )
    path.write_text(offered, "utf-8")
    assert "reopen_days = 30" in offered
    done = posteingang("--config", path, "migrate")
    assert (done.code, done.err) == (0, "")
    assert posteingang("--config", path, "list").code == 0


def test_migrate_makes_a_private_data_folder_and_may_be_repeated(tmp_path: Path) -> None:
    config = tmp_path / "posteingang.toml"
    config.write_text('data = "data"\n')
    first = posteingang("--config", config, "migrate")
    again = posteingang("--config", config, "migrate")
    assert (first.code, again.code) == (0, 0)
    assert first.out == again.out
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "data" / "posteingang.db").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('dat = "data"', "'data' is missing. 'dat' is not a known key. Did you mean 'data'?"),
        ('data = "data"\nworkers = -1', "'workers' = -1: Input should be greater than or equal to 0."),
        ('data = "data"\nregion = "Bayern"', "'region' = 'Bayern'"),
        ('data = "data"\ntimezone = "Berlin"', "is not a time zone of the IANA database, such as Europe/Berlin"),
        ('data = "data"\nlanguage = "fr"', "'language' = 'fr'"),
        ('data = "data"\n[limits]\nmegabytes = 3', "'limits.megabytes' is not a known key."),
        ('data = "data"\n[sources.m]\nkind = "pop3"', "'sources.m.kind': there is no kind 'pop3'."),
        ('data = "data"\n[sources.s]\nkind = "folder"', "'sources.s.path' is missing."),
        ('data = "data"\n[sources.s]\nkind = "folder"\npath = "s"\nafter = "eat"', "'sources.s.after' = 'eat'"),
        (
            'data = "data"\n[sources.m]\nkind = "imap"\nhost = "h"\nuser = "u"\npassword = "x"',
            "secrets never stand in this file; use password_command, password_file or password_env.",
        ),
        ("data = ", "is not valid TOML"),
        ('data = "data"\ndatabase = "oracle://x"', "oracle"),
    ],
    ids=range(12),
)
def test_a_mistake_in_the_configuration_is_named_with_its_key(text: str, said: str, house: House) -> None:
    house.config.write_text(text)
    done = house("ingest", "--quiet")
    assert (done.code, done.out) == (os.EX_CONFIG, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_no_configuration_at_all_is_said_with_the_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    done = posteingang("list")
    assert done.code == os.EX_CONFIG
    assert "'posteingang init' writes one." in done.err
    assert "posteingang.toml" in done.err


def findings(house: House, *, code: int) -> dict[str, tuple[bool, str]]:
    done = house("doctor", "--json")
    assert (done.code, done.err) == (code, "")
    found = [json.loads(line) for line in done.out.splitlines()]
    return {value["name"]: (value["good"], value["message"]) for value in found}


def shipped(house: House) -> None:
    """Let the house use the model that comes with the program."""
    house.config.write_text(house.config.read_text().replace('model = "none"', 'model = ""'))


def test_a_house_in_order_passes_every_check(house: House) -> None:
    shipped(house)
    found = findings(house, code=0)
    places = {f"scanner: {house.scans}"}
    others = {"configuration", "data folder", "disk", "clock", "database", "archive", "reader", "model"}
    assert set(found) == places | others
    assert all(good for good, _message in found.values())
    assert house("reconcile").code == 0


@pytest.fixture
def no_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the test the two checks that take seconds."""
    monkeypatch.setattr(checks, "reader", lambda _config: iter(()))
    monkeypatch.setattr(checks, "classifier", lambda _config, _taxonomy: iter(()))


@pytest.mark.usefixtures("no_reader")
def test_a_database_that_was_not_migrated_is_told_with_the_command(tmp_path: Path) -> None:
    house = House(tmp_path / "house")
    good, message = findings(house, code=os.EX_CONFIG)["database"]
    assert (good, "posteingang migrate" in message) == (False, True)
    for command in ("list", "ingest", "status", "reconcile"):
        done = house(command)
        assert done.code == os.EX_CONFIG
        assert "posteingang migrate" in done.err


@pytest.mark.usefixtures("no_reader")
def test_a_data_folder_that_others_can_write_to_is_told_with_the_command(house: House) -> None:
    house.data.chmod(0o777)
    assert findings(house, code=os.EX_CONFIG)["data folder"] == (
        False,
        f"Others can write to {house.data}; 'chmod 700 {house.data}' mends it.",
    )


@pytest.mark.usefixtures("no_reader")
def test_a_missing_scan_folder_is_told_with_its_key(house: House) -> None:
    house.scans.rmdir()
    good, message = findings(house, code=os.EX_CONFIG)[f"scanner: {house.scans}"]
    assert (good, "'sources.scanner.path'" in message) == (False, True)


@pytest.mark.usefixtures("no_reader")
def test_a_source_of_no_kind_is_one_finding_among_the_others(house: House) -> None:
    house.config.write_text(house.config.read_text() + '[sources.fax]\nkind = "fax"\n')
    found = findings(house, code=os.EX_CONFIG)
    assert found["fax"] == (False, "'sources.fax.kind': there is no kind 'fax'.")
    assert found[f"scanner: {house.scans}"][0]


@pytest.mark.usefixtures("no_reader")
def test_a_full_archive_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise TemporaryError("The archive cannot store: the disk is full; make room.")

    monkeypatch.setattr("ingest.archive.files.FileArchive.put", full)
    assert findings(house, code=os.EX_CONFIG)["archive"] == (
        False,
        "The archive cannot store: the disk is full; make room.",
    )


def test_an_unknown_engine_and_a_missing_model_are_told(house: House) -> None:
    house.config.write_text(house.config.read_text() + '[ocr]\nengine = "tesserakt"\n')
    found = findings(house, code=os.EX_CONFIG)
    good, message = found["reader"]
    assert (good, "'ocr.engine'" in message) == (False, True)
    assert found["model"] == (
        False,
        "No model could be loaded: danger rules and mentions work, concerns do not.",
    )


@pytest.mark.usefixtures("no_reader")
def test_a_mailbox_is_tried_and_a_wrong_password_is_told(new_house: House, tmp_path: Path, dovecot: Dovecot) -> None:
    house = new_house.copy(tmp_path / "house")
    mailbox = (
        '[sources.mailbox]\nkind = "imap"\nhost = "127.0.0.1"\nsecurity = "none"\nuser = "demo"\n'
        f'port = {dovecot.port}\npassword_command = "echo %s"\n'
    )
    text = house.config.read_text()
    house.config.write_text(text + mailbox % "demo")
    right = findings(house, code=0)
    assert any(name.startswith("mailbox") for name in right)
    house.config.write_text(text + mailbox % "falsch")
    wrong = findings(house, code=os.EX_CONFIG)
    told = [message for name, (good, message) in wrong.items() if name.startswith("mailbox") and not good]
    assert told
    assert "password" in told[0]
    assert "falsch" not in " ".join(told)
    refused = house("ingest", "--quiet")
    assert refused.code == os.EX_NOPERM
    house.config.write_text(text + mailbox.replace("%s", "demo") + 'mailboxes = ["Gibtsnicht"]\n')
    missing = findings(house, code=os.EX_CONFIG)
    assert any("Gibtsnicht" in message for good, message in missing.values() if not good)


def test_people_see_a_mark_a_name_and_the_remedy(tmp_path: Path, no_reader: None) -> None:
    house = House(tmp_path / "house")
    done = house("doctor")
    assert done.code == os.EX_CONFIG
    shown = " ".join(done.out.split())
    assert re.search(r"✓ clock \d{4}-", shown)
    assert re.search(r"✗ database There is no database .*: 'posteingang migrate' creates it\.", shown)


def test_no_line_of_the_help_is_cut_off() -> None:
    for command in ([], ["quarantine"]):
        done = posteingang(*command, "--help")
        assert done.code == 0
        assert "..." not in done.out.replace("[ARGS]...", "")
