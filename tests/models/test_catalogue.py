"""The language of what agents read."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

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


ROOT = Path(__file__).parents[2]


def texts(value: object) -> tuple[str, ...]:
    """One text, or the forms of a plural, as Babel gives them."""
    return tuple(map(str, value)) if isinstance(value, (tuple, list)) else (str(value or ""),)


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_a_catalogue_is_complete_and_compiled(language: str) -> None:
    folder = ROOT / "models" / "locale" / language / "LC_MESSAGES"
    with (folder / "posteingang.po").open("rb") as stream:
        written = read_po(stream, locale=language)
    with (folder / "posteingang.mo").open("rb") as stream:
        compiled = read_mo(stream)
    for message in written:
        if not message.id:
            continue
        strings = texts(message.string)
        assert all(strings), f"{message.id!r} has no text in {language}"
        assert not message.fuzzy
        key = message.id[0] if isinstance(message.id, tuple) else message.id
        found = compiled.get(key)
        assert found is not None, f"{key!r} is not compiled: make catalogues"
        assert texts(found.string) == strings


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_every_text_in_the_code_stands_in_the_catalogue(language: str) -> None:
    keywords = {"_": None, "marked": None, "plural": (1, 2)}
    wanted = {
        found[2]
        for folder in ("commands", "tickets", "classify")
        for found in extract_from_dir(ROOT / folder, method_map=[("**.py", "python")], keywords=keywords)
    }
    with (ROOT / "models" / "locale" / language / "LC_MESSAGES" / "posteingang.po").open("rb") as stream:
        written = {message.id for message in read_po(stream, locale=language) if message.id}
    assert wanted == written, "make catalogues"


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_a_translation_keeps_the_fields_of_its_source(language: str) -> None:
    with (ROOT / "models" / "locale" / language / "LC_MESSAGES" / "posteingang.po").open("rb") as stream:
        for message in read_po(stream, locale=language):
            for source, string in zip(texts(message.id), texts(message.string), strict=True):
                assert sorted(re.findall(r"{\w+", source)) == sorted(re.findall(r"{\w+", string))
