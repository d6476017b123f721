"""Identifiers, readings, amounts, dates and places of a message, with span, normalised value and check."""

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING

from classify.candidates import Candidate, Find, Setting, apart, blotted, clean
from models.classification import Mention

if TYPE_CHECKING:
    # Importing pydantic takes longer than everything else here.
    from models.config import Numbers

LONGEST = 200_000
"""Characters that are read; no letter is longer, and a data dump pasted into a mail need not be searched to its end."""


@cache
def finders() -> tuple[Find, ...]:
    """In the order of precedence: each sees only what the earlier ones left."""
    # Compiling their expressions takes longer than all other imports; a command that reads no message does without.
    from classify.amounts import find_amounts
    from classify.contacts import find_emails, find_phones
    from classify.dates import find_dates
    from classify.identifiers import find_codes, find_ibans, find_labelled_malos, find_malos, find_melos, find_meters
    from classify.labelled import find_configured, find_files, find_labelled, find_nameless
    from classify.places import find_names, find_places, find_streets
    from classify.readings import find_readings

    return (
        find_emails,
        find_ibans,
        find_melos,
        find_meters,
        find_codes,
        find_labelled_malos,
        find_configured,
        find_amounts,
        find_labelled,
        find_files,
        find_malos,
        find_dates,
        find_phones,
        find_places,
        find_streets,
        find_nameless,
        find_readings,
        find_names,
    )


def find_mentions(subject: str, body: str, *, received_on: str, numbers: "Numbers") -> tuple[Mention, ...]:
    """Everything that can be looked up, in the order of the text, without overlaps.

    Args:
        subject: the subject line; empty for letters.
        body: the text of the message.
        received_on: ISO 8601 date; dates without a year are left out where it is empty.
        numbers: the forms of the numbers that this utility gives out.
    """
    text = f"{subject}\n{body}"[:LONGEST]
    setting = Setting(dt.date.fromisoformat(received_on) if received_on else None, numbers)
    rest = clean(text)
    found: list[Candidate] = []
    for find in finders():
        candidates = list(apart(find(rest, setting)))
        found += candidates
        rest = blotted(rest, candidates) if candidates else rest
    return tuple(
        Mention(
            candidate.kind,
            text[candidate.start : candidate.end],
            candidate.value,
            candidate.check,
            candidate.start,
            candidate.end,
        )
        for candidate in sorted(found, key=lambda candidate: candidate.start)
    )
