"""What the finders of mentions are given and give: the text with what is already known blotted out, and candidates."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from models.classification import Check

if TYPE_CHECKING:
    # Importing pydantic takes longer than everything else here.
    from models.config import Numbers

BLOT = "\ue000"
BLOTS = {"datum": "\ue001", "zaehlernummer": "\ue002", "obis": "\ue003"}
"""Signs of the private use area that stand for what an earlier finder took, as long as what they replace."""
ANY_BLOT = f"[{BLOT}-{BLOTS['obis']}]"


class Candidate(NamedTuple):
    """A mention, without its text."""

    kind: str
    start: int
    end: int
    value: str
    check: Check


class Setting(NamedTuple):
    """What a finder may know besides the text."""

    received_on: dt.date | None
    numbers: "Numbers"


Find = Callable[[str, Setting], Iterable[Candidate]]
"""Reads a text in which earlier finds are blotted out; time linear in its length."""


def clean(text: str) -> str:
    """The text without the signs that mean something here; same length."""
    for sign in (BLOT, *BLOTS.values()):
        text = text.replace(sign, " ")
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def blotted(text: str, candidates: Iterable[Candidate]) -> str:
    """The text with the candidates blotted out; same length."""
    parts: list[str] = []
    at = 0
    for candidate in sorted(candidates, key=lambda candidate: candidate.start):
        parts += text[at : candidate.start], BLOTS.get(candidate.kind, BLOT) * (candidate.end - candidate.start)
        at = candidate.end
    return "".join((*parts, text[at:]))


def apart(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """The candidates that do not overlap an earlier one of the same finder."""
    end = -1
    for candidate in sorted(candidates, key=lambda candidate: (candidate.start, -candidate.end)):
        if candidate.start >= end:
            end = candidate.end
            yield candidate
