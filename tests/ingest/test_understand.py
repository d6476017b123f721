"""From an original to what the classifier is asked; whatever goes wrong is about this one item."""

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from ingest.understand import query, understand
from models.classification import Classification, Query
from models.errors import ItemError, TemporaryError
from models.message import Attachment, Channel, Message, Original

ORIGINAL = Original("ab", Channel.letter)
LETTER = Message(
    "ab",
    Channel.letter,
    "application/pdf",
    subject="Stand",
    text="abgelesen am 2. März",
    signature="Karl Dreyer",
    sent_at=dt.datetime(2026, 3, 4, tzinfo=dt.UTC),
    attachments=(
        Attachment("a.pdf", "application/pdf", 1, "", inline=False, text="Zähler 4711"),
        Attachment("logo.png", "image/png", 1, "", inline=True, text="LOGO"),
    ),
)


def nothing(queries: Iterable[Query]) -> Iterator[Classification]:
    return (Classification(None) for _query in queries)


def test_the_classifier_is_given_new_text_signature_and_attachments_but_no_logos() -> None:
    assert query(LETTER, "2026-11-19") == Query(
        "Stand", "abgelesen am 2. März\n\nKarl Dreyer\n\nZähler 4711", "letter", "2026-03-04"
    )


def test_dates_without_a_year_are_read_against_the_receipt_where_the_letter_has_no_day_before_it() -> None:
    mail = Message("ab", Channel.email, "message/rfc822", text="am 2.3.", sent_at=LETTER.sent_at)
    assert query(mail, "2026-11-19").received_on == "2026-11-19"
    postdated = Message("ab", Channel.letter, "application/pdf", sent_at=dt.datetime(2031, 1, 1, tzinfo=dt.UTC))
    assert query(postdated, "2026-11-19").received_on == "2026-11-19"


def test_an_unforeseen_error_is_about_this_item_and_keeps_its_traceback(tmp_path: Path) -> None:
    def broken(_path: Path, _original: Original) -> Message:
        raise KeyError("unforeseen")

    with pytest.raises(ItemError, match="unforeseen") as caught:
        understand(tmp_path, ORIGINAL, "2026-01-01", read=broken, classify=nothing)
    assert caught.value.reason == "bug"
    assert "in broken" in caught.value.detail


def test_an_unreachable_archive_is_not_the_items_fault(tmp_path: Path) -> None:
    def unreachable(_path: Path, _original: Original) -> Message:
        raise TemporaryError("gone")

    with pytest.raises(TemporaryError):
        understand(tmp_path, ORIGINAL, "2026-01-01", read=unreachable, classify=nothing)


def test_message_and_classification_come_together(tmp_path: Path) -> None:
    found = understand(tmp_path, ORIGINAL, "2026-01-01", read=lambda _path, _original: LETTER, classify=nothing)
    assert found == (LETTER, Classification(None))
