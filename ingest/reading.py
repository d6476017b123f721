"""Tells what the bytes are and gives them to the reader of that format; runs inside the sandbox.

Every module of ``ingest/readers`` that has ``MEDIA_TYPES`` and ``read`` takes part: a new format is a new file.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

from ingest import readers
from ingest.readers.base import Context, Read, ReaderSettings
from models.errors import ItemError
from models.message import Channel, Message, Original, Page

MAIL = "message/rfc822"

MAX_DEPTH = 5
"""A mail in a zip in a mail …: deeper than this is left closed."""
MAX_NESTED = 200
"""Documents inside one item that are opened."""

# What begins a file, as in the file(1) database: offset, bytes, media type.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"II+\x00", "image/tiff"),
    (0, b"MM\x00+", "image/tiff"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (8, b"WEBP", "image/webp"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"\xff\x4f\xff\x51", "image/jp2"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (0, b"GIF8", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/vnd.ms-outlook"),
    (0, b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
)
_HEADER_FIELD = re.compile(rb"^(?:[!-9;-~]{1,76}[ \t]*:|From )", re.MULTILINE)
_MAIL_SUFFIXES = (".eml", ".mail", ".mbox", ".email", ".mim", ".mime")


def media_type(content: bytes, original: Original) -> str:
    """The media type (RFC 2046) by content; the name decides only between texts.

    >>> media_type(b"%PDF-1.7", Original("", Channel.letter))
    'application/pdf'
    """
    if original.channel == Channel.email:
        return MAIL
    # ISO 32000 wants the header first; scanners and mailers put up to a kilobyte before it, and viewers accept that.
    if b"%PDF-" in content[:1024]:
        return "application/pdf"
    for offset, magic, kind in _MAGIC:
        if content.startswith(magic, offset):
            return kind
    if original.name.lower().endswith(_MAIL_SUFFIXES) or _HEADER_FIELD.search(content[:4096]):
        return MAIL
    return "application/octet-stream"


def read(content: bytes, original: Original, context: Context) -> Message:
    """Read one item with the reader of its type.

    Raises:
        ItemError: ``empty``, ``too_large``, ``unsupported``, or what the reader found.
    """
    if not content:
        raise ItemError("empty", "The file is empty: it has 0 bytes.")
    if len(content) > context.settings.limits.bytes:
        limit = context.settings.limits.bytes // 2**20
        raise ItemError("too_large", f"The file has {len(content) // 2**20} MB; limits.bytes allows {limit} MB.")
    kind = media_type(content, original)
    reader = _readers().get(kind)
    if reader is None:
        raise ItemError("unsupported", f"No reader for this kind of file ({kind}).")
    if kind == MAIL:
        original = replace(original, channel=Channel.email)
    message = reader(content, original, context)
    return message if message.media_type else replace(message, media_type=kind)


def context_for(
    settings: ReaderSettings,
    *,
    expect_pages: Callable[[int], None] = lambda _count: None,
    page_read: Callable[[Page], None] = lambda _page: None,
) -> Context:
    """The context of one item: what lies inside it is counted and read only so deep."""
    opened = 0

    def nested_at(depth: int) -> Callable[[bytes, str, str], Message | None]:
        def nested(content: bytes, name: str, claimed: str) -> Message | None:
            nonlocal opened
            channel = Channel.email if claimed == MAIL else Channel.letter
            inner = Original("", channel, name)
            if depth > MAX_DEPTH or opened >= MAX_NESTED or not content or media_type(content, inner) not in _readers():
                return None
            opened += 1
            return read(content, inner, Context(settings, nested_at(depth + 1), expect_pages, page_read))

        return nested

    return Context(settings, nested_at(1), expect_pages, page_read)


@cache
def _readers() -> Mapping[str, Read]:
    found: dict[str, Read] = {}
    for info in pkgutil.iter_modules(readers.__path__):
        module = importlib.import_module(f"{readers.__name__}.{info.name}")
        for kind in getattr(module, "MEDIA_TYPES", ()):
            found[kind] = module.read
    return found
