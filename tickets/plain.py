"""Makes text of strangers harmless on a terminal and readable by people: no escapes, no tricks with direction."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from zoneinfo import ZoneInfo

from models.catalogue import language

# C0 and C1 controls but tab and newline; DEL; what turns the direction of text (Trojan Source, UAX #9) or is invisible.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
    "|[\U000e0000-\U000e007f]"
)


def harmless(text: str) -> str:
    r"""The text with control, escape and direction characters shown as ``�``; tabs and newlines stay.

    >>> harmless("rot\x1b[31m\u202eexe.pdf")
    'rot�[31m�exe.pdf'
    """
    return _HARMFUL.sub("�", text.replace("\r\n", "\n"))


def one_line(text: str, width: int = 200) -> str:
    r"""Harmless, on one line, at most ``width`` characters.

    >>> one_line("a\n b\tc", 4)
    'a b…'
    """
    line = " ".join(harmless(text).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def columns(text: str) -> int:
    """How many columns of a terminal the text takes; East Asian characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def day(value: dt.date | None) -> str:
    """A date as agents read it: 31.12.2026 in German, 2026-12-31 in English; empty for none."""
    if value is None:
        return ""
    return value.strftime("%d.%m.%Y" if language() == "de" else "%Y-%m-%d")


def short_day(value: dt.date) -> str:
    """A date without its year, for lists: 31.12. in German, 12-31 in English."""
    return value.strftime("%d.%m." if language() == "de" else "%m-%d")


def clock(zone: ZoneInfo) -> Callable[[dt.datetime | None], str]:
    """A function that writes times in the house's zone, to the minute."""

    def moment(value: dt.datetime | None) -> str:
        if value is None:
            return ""
        local = value.astimezone(zone)
        return f"{day(local.date())} {local:%H:%M}"

    return moment
