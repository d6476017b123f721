"""The second step of a message's way: Item → (Message, Classification). No clock, no database, no network."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from models.classification import Classification, Query
from models.errors import ItemError, PosteingangError
from models.message import Channel, Message, Original

Reader = Callable[[Path, Original], Message]
"""Reads one original, in the sandbox. Raises ItemError."""

Classify = Callable[[Iterable[Query]], Iterator[Classification]]
"""Classifies queries in their order."""


def understand(
    path: Path, original: Original, received_on: str, *, read: Reader, classify: Classify
) -> tuple[Message, Classification]:
    """Read and classify one original.

    Args:
        path: a local file with its bytes.
        original: what is known of it.
        received_on: ISO 8601 date of receipt, against which dates without a year are read.
        read: the sandboxed reader.
        classify: the classifier.

    Raises:
        ItemError: whatever goes wrong here is about this item, so it can be set aside and the next one taken.
    """
    try:
        message = read(path, original)
        (classification,) = classify([query(message, received_on)])
    except PosteingangError:
        raise
    except Exception as error:
        raise ItemError("bug", f"{type(error).__name__}: {error}", detail=traceback.format_exc()) from error
    return message, classification


def query(message: Message, received_on: str) -> Query:
    """What the classifier is given: what the sender newly wrote, the signature, and what the attachments say.

    Quoted text is left out: it is what we wrote, or what was answered before. The signature stays, because customer
    numbers and telephone numbers stand there; the classifier's own segmenter keeps it from the concerns.
    """
    pieces = [message.text or message.full_text, message.signature]
    pieces += [attachment.text for attachment in message.attachments if not attachment.inline]
    body = "\n\n".join(piece for piece in pieces if piece.strip())
    return Query(message.subject, body, message.channel.value, _reference(message, received_on))


def _reference(message: Message, received_on: str) -> str:
    """The day against which dates without a year are read: that of the letter where it tells one, else the receipt.

    A letter may lie for weeks before it is scanned; the Date header of a mail proves nothing and is not used.
    """
    if message.channel is Channel.letter and message.sent_at is not None:
        return min(message.sent_at.date().isoformat(), received_on)
    return received_on
