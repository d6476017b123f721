"""The house of each test, in English unless it says otherwise."""

import os
from pathlib import Path

import pytest

from tests.house import GAS, MAIL, House, zipped


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine is set to does not matter."""
    for name in ("LC_ALL", "LC_MESSAGES", "POSTEINGANG_AGENT", "POSTEINGANG_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")


@pytest.fixture(scope="session")
def new_house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> House:
    """A house with a migrated SQLite database, to be copied."""
    built = House(tmp_path_factory.mktemp("new") / "house")
    (built.data / "posteingang.db").write_bytes(sqlite_template.read_bytes())
    (built.data / "posteingang.db").chmod(0o600)
    return built


@pytest.fixture(scope="session")
def used_house(new_house: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    """One that has filed tickets 1 (an alarm) and 2 and set two files aside, to be copied."""
    built = new_house.copy(tmp_path_factory.mktemp("used") / "house")
    for name, content in (("1.eml", GAS), ("2.eml", MAIL % b"Umzug"), ("leer.pdf", b""), ("halb.zip", zipped()[:-30])):
        (built.scans / name).write_bytes(content)
    assert built("ingest", "--quiet").code == os.EX_DATAERR
    return built


@pytest.fixture
def house(new_house: House, tmp_path: Path) -> House:
    """A house that has seen nothing yet."""
    return new_house.copy(tmp_path / "house")


@pytest.fixture
def worked(used_house: House, tmp_path: Path) -> House:
    """A house with tickets 1, an alarm, and 2, and two files in quarantine: an empty one and half an archive."""
    return used_house.copy(tmp_path / "house")
