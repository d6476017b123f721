"""Secrets come from outside the configuration, and never show in an error."""

import sys
from pathlib import Path

import pytest

from models.errors import ConfigError
from models.secret import PasswordSettings

WHERE = "sources.mailbox"


def complaint(settings: PasswordSettings) -> str:
    with pytest.raises(ConfigError) as caught:
        settings.password(WHERE)
    return str(caught.value)


def test_a_command_prints_the_password() -> None:
    settings = PasswordSettings(password_command=f"{sys.executable} -c 'print(\"geheim\"); print(2)'")
    assert settings.password(WHERE) == "geheim"


def test_a_command_that_fails_is_named_without_its_arguments() -> None:
    message = complaint(PasswordSettings(password_command="false geheim"))
    assert message.startswith("'sources.mailbox.password_command' failed")
    assert "geheim" not in message
    assert "password_command" in complaint(PasswordSettings(password_command="/no/such/program"))
    assert "printed nothing" in complaint(PasswordSettings(password_command="true"))


def test_a_file_only_its_owner_can_read_gives_the_password(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("geheim mit Leerzeichen \r\nrest", "utf-8")
    path.chmod(0o600)
    assert PasswordSettings(password_file=str(path)).password(WHERE) == "geheim mit Leerzeichen "
    path.chmod(0o640)
    assert "chmod 600" in complaint(PasswordSettings(password_file=str(path)))
    assert "cannot be read" in complaint(PasswordSettings(password_file=str(tmp_path / "none")))
    path.write_text("")
    path.chmod(0o600)
    assert "is empty" in complaint(PasswordSettings(password_file=str(path)))


def test_the_environment_gives_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILBOX", "geheim")
    assert PasswordSettings(password_env="MAILBOX").password(WHERE) == "geheim"
    monkeypatch.delenv("MAILBOX")
    assert "MAILBOX is not set" in complaint(PasswordSettings(password_env="MAILBOX"))


def test_exactly_one_way_is_wanted() -> None:
    assert complaint(PasswordSettings()).endswith("it has 0.")
    assert complaint(PasswordSettings(password_env="A", password_command="b")).endswith("it has 2.")
