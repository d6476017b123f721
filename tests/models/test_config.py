"""The configuration: what is accepted, and what an error says."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from models.config import (
    ENV_CONFIG,
    Classifier,
    Config,
    Form,
    Frozen,
    KindConfig,
    Limits,
    Number,
    Numbers,
    Ocr,
    Threads,
    Utility,
    find_config,
    load_config,
)
from models.errors import ConfigError

TEMPLATE = Path(__file__).parents[2] / "commands" / "template.toml"


def write(folder: Path, text: str) -> Path:
    path = folder / "posteingang.toml"
    path.write_text(text, "utf-8")
    return path


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(write(folder, text))
    return str(caught.value)


def test_the_template_is_a_valid_configuration() -> None:
    config = load_config(TEMPLATE)
    assert config.data == TEMPLATE.parent / "data"
    assert set(config.sources) == {"mailbox", "scanner"}
    assert config.sources["scanner"].kind == "folder"


def test_the_template_with_every_default_uncommented_changes_nothing(tmp_path: Path) -> None:
    lines = TEMPLATE.read_text("utf-8").splitlines()
    skipped = ("password_", "database", "archive", "kundennummer", "vertragskonto", "rechnungsnummer")
    uncommented = [
        re.sub(r"^# (?=[a-z_]+ = )", "", line) if not line.removeprefix("# ").startswith(skipped) else line
        for line in lines
        if line.split(" ")[0] != "password_command"
    ]
    forms = uncommented.index("# [[forms]]")
    config = load_config(write(tmp_path, "\n".join(uncommented[:forms])))
    plain = load_config(write(tmp_path, TEMPLATE.read_text("utf-8")))
    assert config.model_dump(exclude={"sources"}) == plain.model_dump(exclude={"sources"})


@pytest.mark.parametrize("model", [Config, Utility, Limits, Ocr, Classifier, Numbers, Threads, Form])
def test_every_key_stands_in_the_template(model: type[BaseModel]) -> None:
    text = TEMPLATE.read_text("utf-8")
    missing = [key for key in model.model_fields if not re.search(rf"^(# )?\[*{key}\b", text, re.MULTILINE)]
    assert [key for key in missing if f"[{key}" not in text] == []


def test_a_misspelt_key_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    assert "'dta' is not a known key. Did you mean 'data'?" in complaint(tmp_path, 'data = "d"\ndta = 1')
    message = complaint(tmp_path, 'data = "d"\n[limits]\npage_second = 1')
    assert message.endswith("'limits.page_second' is not a known key. Did you mean 'page_seconds'?")
    assert complaint(tmp_path, 'data = "d"\nqqqqq = 1').endswith("'qqqqq' is not a known key.")


def test_a_missing_key_and_an_impossible_value_are_named(tmp_path: Path) -> None:
    assert "'data' is missing." in complaint(tmp_path, "")
    assert "'workers' = -1" in complaint(tmp_path, 'data = "d"\nworkers = -1')
    message = complaint(tmp_path, 'data = "d"\ntimezone = "Musterstadt"')
    assert "'timezone' = 'Musterstadt': is not a time zone of the IANA database, such as Europe/Berlin." in message


def test_a_password_in_the_file_is_refused_without_repeating_it(tmp_path: Path) -> None:
    class Settings(Frozen):
        host: str

    config = load_config(write(tmp_path, 'data = "d"\n[sources.m]\nkind = "imap"\nhost = "h"\npassword = "geheim"'))
    with pytest.raises(ConfigError) as caught:
        config.sources["m"].settings(Settings, where="sources.m")
    assert str(caught.value) == (
        "'sources.m.password': secrets never stand in this file; use password_command, password_file or password_env."
    )


def test_a_kind_checks_its_own_keys() -> None:
    class Settings(Frozen):
        path: str

    given = KindConfig.model_validate({"kind": "folder", "path": "/scans"})
    assert given.settings(Settings, where="sources.s") == Settings(path="/scans")
    with pytest.raises(ConfigError, match=r"'sources\.s\.path' is missing\."):
        KindConfig(kind="folder").settings(Settings, where="sources.s")


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    text = 'data = "d"\n[sources.s]\nkind = "folder"\npath = "scans"\n[classifier]\nmodel = "m"'
    config = load_config(write(tmp_path, text))
    assert config.data == tmp_path / "d"
    assert config.sources["s"].model_extra == {"path": str(tmp_path / "scans")}
    assert config.classifier.model == str(tmp_path / "m")
    assert config.database_url == f"sqlite:///{tmp_path}/d/posteingang.db"
    assert config.archive_url == f"file:{tmp_path}/d/archive"
    assert config.zone.key == "Europe/Berlin"


def test_what_is_not_toml_is_said(tmp_path: Path) -> None:
    assert "is not valid TOML" in complaint(tmp_path, "data = ")
    with pytest.raises(ConfigError, match="does not exist"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)
    path = write(tmp_path, "")
    path.write_bytes(b'data = "\xff"')
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load_config(path)


def test_a_table_that_should_be_one_is_said(tmp_path: Path) -> None:
    assert "'sources'" in complaint(tmp_path, 'data = "d"\nsources = 3')
    assert "'sources.a'" in complaint(tmp_path, 'data = "d"\n[sources]\na = 3')


def test_numbers_have_a_pattern() -> None:
    assert Numbers(kundennummer=(Number(pattern="x"),)).kundennummer[0].check == "none"


def test_the_configuration_is_looked_for_in_its_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(ENV_CONFIG, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    with pytest.raises(ConfigError, match="'posteingang init' writes one"):
        find_config(None)
    home = tmp_path / "home" / "posteingang"
    home.mkdir(parents=True)
    user = write(home, "")
    assert find_config(None) == user
    write(tmp_path, "")
    assert find_config(None) == Path("posteingang.toml")
    monkeypatch.setenv(ENV_CONFIG, "/named.toml")
    assert find_config(None) == Path("/named.toml")
    assert find_config(Path("given.toml")) == Path("given.toml")
