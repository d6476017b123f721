"""The mails and letters of the demonstration, with the time each came in."""

import datetime as dt
import email.utils
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from ingest.demo.server import Delivery

_FOLDER = files("ingest.demo")
_DATE = b"@DATE@"


@dataclass(frozen=True, slots=True)
class Letter:
    """A scan and the day the mail room received it."""

    name: str
    content: bytes
    received_on: dt.date


def mails(now: dt.datetime) -> Iterator[Delivery]:
    """The mails, the Date header of each set a minute before it came in.

    Args:
        now: aware, in the house's zone; what would come in later has just come in.
    """
    for entry in _manifest()["mail"]:
        hour, minute = map(int, entry["time"].split(":"))
        day = now - dt.timedelta(days=entry["days_ago"])
        received_at = min(day.replace(hour=hour, minute=minute, second=0, microsecond=0), now)
        date = email.utils.format_datetime(received_at - dt.timedelta(minutes=1)).encode()
        content = (_FOLDER / "mails" / entry["file"]).read_bytes().replace(_DATE, date, 1)
        yield Delivery(content, received_at)


def letters(today: dt.date) -> Iterator[Letter]:
    """The scans as the scanner would drop them."""
    folder: Traversable = _FOLDER / "letters"
    for entry in _manifest()["letter"]:
        received_on = today - dt.timedelta(days=entry["days_ago"])
        yield Letter(entry["file"], (folder / entry["file"]).read_bytes(), received_on)


def letter_text(name: str) -> str:
    """What really stands in a letter; pages are separated by a form feed."""
    stem = name.rsplit(".", 1)[0]
    return (_FOLDER / "letters" / f"{stem}.txt").read_text("utf-8").replace("\n---\n", "\f")


def _manifest() -> dict[str, Any]:
    return tomllib.loads((_FOLDER / "manifest.toml").read_text("utf-8"))
