"""The language of what agents read."""

import pytest

from models import catalogue


@pytest.fixture(autouse=True)
def _no_language_left_over(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    yield
    catalogue.choose_language("en")


def test_the_configuration_decides_then_the_environment_then_english(monkeypatch: pytest.MonkeyPatch) -> None:
    assert catalogue.choose_language() == "en"
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert catalogue.choose_language() == "de"
    assert catalogue.language() == "de"
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert catalogue.choose_language() == "en"
    assert catalogue.choose_language("de") == "de"


def test_counts_have_their_form() -> None:
    catalogue.choose_language("en")
    assert catalogue.plural("{count} ticket", "{count} tickets", 1) == "1 ticket"
    assert catalogue.plural("{count} ticket", "{count} tickets", 2) == "2 tickets"
