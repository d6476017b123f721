"""The language of what agents read: gettext over the catalogues beside this module."""

import gettext
from pathlib import Path

DOMAIN = "posteingang"
LANGUAGES = ("de", "en")
_FOLDER = Path(__file__).parent / "locale"

_current: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def choose_language(configured: str = "") -> str:
    """Use the configured language, else the first of LC_ALL, LC_MESSAGES and LANG that is set, else English.

    Returns:
        ISO 639-1 code of the language now in use.
    """
    # Help must be quick, and the configuration's module loads pydantic.
    from models.config import environment

    global _current, _language  # noqa: PLW0603 - one language a process, as gettext itself has it
    wanted = configured
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        wanted = wanted or environment(name)
    _language = wanted[:2] if wanted[:2] in LANGUAGES else "en"
    _current = gettext.translation(DOMAIN, _FOLDER, languages=[_language], fallback=True)
    return _language


def language() -> str:
    """ISO 639-1 code of the language in use."""
    return _language


def _(message: str) -> str:
    """The message in the language in use."""
    return _current.gettext(message)


def plural(one: str, many: str, count: int) -> str:
    """The form of the message for ``count`` things, in the language in use; ``{count}`` is filled in."""
    return _current.ngettext(one, many, count).replace("{count}", str(count))


def marked(message: str) -> str:
    """The message as it is; tells the extraction that it will be translated where it is shown."""
    return message
