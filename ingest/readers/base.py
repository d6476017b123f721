"""What every reader is given and gives. A family of formats is one file with ``MEDIA_TYPES`` and ``read``."""

from collections.abc import Callable
from dataclasses import dataclass

from models.config import Form, Frozen, Limits, Ocr, Splitting, Utility
from models.message import Message, Original, Page


class ReaderSettings(Frozen):
    """The part of the configuration that readers need; it crosses into the sandbox as JSON."""

    utility: Utility = Utility()
    forms: tuple[Form, ...] = ()
    limits: Limits = Limits()
    ocr: Ocr = Ocr()
    splitting: Splitting = Splitting()


@dataclass(frozen=True, slots=True)
class Context:
    """What a reader may use besides the bytes."""

    settings: ReaderSettings
    nested: Callable[[bytes, str, str], Message | None]
    """Reads what is inside: (content, file name, claimed media type) → message, None if no reader knows it.
    Raises ItemError like any reader; depth and total size are bounded by the caller."""
    expect_pages: Callable[[int], None] = lambda _count: None
    """Told before pages are read, so that the time limit grows with them."""
    page_read: Callable[[Page], None] = lambda _page: None
    """Told after each page, so that pages already read survive a crash."""


Read = Callable[[bytes, Original, Context], Message]
"""Pure: no network, no clock, no database.

Raises:
    ItemError: if nothing can be made of the bytes; everything less is a warning on the message.
"""
