"""The tree of MIME parts (RFC 2045, 2046), read from bytes so that every attachment stays exact to the byte.

The parser of the standard library hands a nested mail back re-written, stops the header block at the first odd line
and nests one generator per level; a few searches for boundaries do better and cost less.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ingest.readers import transfer
from ingest.readers.headers import Field, Headers, split_block
from ingest.readers.words import decode_words, parameters

_MAX_DEPTH = 40
_MAX_PARTS = 2000
_GUESS_BYTES = 200_000
_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)
_BARE_TYPES = {
    "text": "text/plain",
    "plain": "text/plain",
    "html": "text/html",
    "text/": "text/plain",
    "multipart": "multipart/mixed",
}
_BOUNDARY_LINE = re.compile(rb"^--([^\r\n]{1,200}?)[ \t]*\r?\n(?=content-[a-z-]+[ \t]*:)", re.MULTILINE | re.IGNORECASE)
_HTML_START = re.compile(rb"\s*(?:<!doctype html|<html|<head|<body|<meta|<div|<table|<p[ >])", re.IGNORECASE)

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One entity: a leaf with bytes, or a multipart with children."""

    headers: Headers
    media_type: str
    """Claimed, lower case; ``text/plain`` where nothing is (RFC 2045, 5.2)."""
    parameters: Mapping[str, str]
    disposition: str
    """``inline``, ``attachment``, anything else that was sent, or empty."""
    filename: str
    """As claimed: decoded, but not yet safe."""
    raw: bytes
    """The body in its transfer encoding; empty for a multipart with children."""
    children: tuple["Part", ...] = ()
    before: bytes = b""
    """What stood before the first boundary of a multipart."""

    @property
    def content_id(self) -> str:
        """Without angle brackets."""
        return self.headers.get("content-id").strip("<> ")

    def unpacked(self) -> transfer.Unpacked:
        """The body without its transfer encoding."""
        return transfer.unpack(self.raw, transfer.encoding(self.headers.get("content-transfer-encoding")))

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, depth first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class _Budget:
    """How many parts may still be read."""

    parts: int


def parse(content: bytes, warn: Warn) -> Part:
    """Read a whole mail; whatever it looks like, something comes back."""
    content = _usual_line_ends(content)
    return _entity(content, (0, len(content)), warn, _Budget(_MAX_PARTS), depth=0)


def _usual_line_ends(content: bytes) -> bytes:
    """Lines ended by CR alone, or by CR CR LF, as some gateways write them."""
    head = content[:20_000]
    if b"\n" not in head and head.count(b"\r") > 2:
        return content.replace(b"\r", b"\n")
    if b"\r\r\n" in head:
        return content.replace(b"\r\r\n", b"\r\n")
    return content


def _entity(content: bytes, span: tuple[int, int], warn: Warn, budget: _Budget, depth: int) -> Part:
    """One entity between two offsets."""
    start, end = span
    block = split_block(content, start, end, lead=depth == 0)
    if block.junk:
        warn("Lines that are no header fields stood among the headers.")
    budget.parts -= 1
    part = _leaf(block.fields, content, block.body, end)
    if depth == 0 and not block.fields:
        warn("The mail has no headers.")
    if depth >= _MAX_DEPTH or budget.parts <= 0:
        warn("Parts are nested too deeply or are too many; the rest was not read.")
        return part
    if not part.media_type.startswith("multipart/"):
        return part
    return _multipart(part, content, (block.body, end), warn, budget, depth)


def _leaf(fields: tuple[Field, ...], content: bytes, start: int, end: int) -> Part:
    headers = Headers(fields)
    media_type, values = _content_type(headers, content, start, end)
    disposition, more = parameters(next(iter(headers.encoded("content-disposition")), ""))
    filename = more.get("filename") or values.get("name") or more.get("name") or values.get("filename") or ""
    headers = replace(
        headers,
        content_type=media_type,
        report_type=values.get("report-type", "").lower(),
        charset=values.get("charset", ""),
    )
    return Part(headers, media_type, values, disposition, filename, content[start:end])


def _content_type(headers: Headers, content: bytes, start: int, end: int) -> tuple[str, dict[str, str]]:
    """The first Content-Type that is one; several may be there."""
    fields = [parameters(text) for text in headers.encoded("content-type")]
    usable = [(kind, values) for kind, values in fields if _TYPE.fullmatch(kind)]
    for kind, values in usable if len(usable) > 1 else ():
        if kind.startswith("multipart/") and _boundaries(content, start, end, values.get("boundary", "").encode()):
            return kind, values
    if usable:
        return usable[0]
    if fields:
        kind, values = fields[0]
        return _BARE_TYPES.get(
            kind, "multipart/mixed" if values.get("boundary") else _looks_like(content, start)
        ), values
    if headers.fields and _BOUNDARY_LINE.match(content, _skip_blank(content, start, end), end):
        return "multipart/mixed", {}
    return _looks_like(content, start), {}


def _skip_blank(content: bytes, start: int, end: int) -> int:
    while start < end and content[start : start + 1] in (b"\r", b"\n"):
        start += 1
    return start


def _looks_like(content: bytes, start: int) -> str:
    return "text/html" if _HTML_START.match(content, start, start + 500) else "text/plain"


def _multipart(part: Part, content: bytes, span: tuple[int, int], warn: Warn, budget: _Budget, depth: int) -> Part:
    start, end = span
    pieces = _boundaries(content, start, end, part.parameters.get("boundary", "").encode())
    if not pieces:
        guessed = _BOUNDARY_LINE.search(content, start, min(end, start + _GUESS_BYTES))
        pieces = _boundaries(content, start, end, guessed[1]) if guessed else []
        if pieces:
            warn("The boundary between the parts is not the declared one; it was found all the same.")
    if not pieces:
        return _without_boundary(part, warn, budget, depth)
    children = tuple(_entity(content, piece, warn, budget, depth + 1) for piece in pieces[: max(budget.parts, 0)])
    return replace(part, raw=b"", children=children, before=content[start : pieces[0][0]].rpartition(b"--")[0])


def _without_boundary(part: Part, warn: Warn, budget: _Budget, depth: int) -> Part:
    """Not one boundary line: the whole may be encoded once more, against the rules, or be plain text."""
    unpacked = part.unpacked()
    if unpacked.content != part.raw and part.parameters.get("boundary", "?").encode() in unpacked.content:
        warn("A multipart was encoded as a whole, which the standard forbids.")
        content = unpacked.content
        return _multipart(replace(part, raw=content), content, (0, len(content)), warn, budget, depth)
    if not part.raw.strip():
        return replace(part, raw=b"")
    warn("A multipart has no parts; it was read as text.")
    return replace(part, media_type=_looks_like(part.raw, 0))


def _boundaries(content: bytes, start: int, end: int, boundary: bytes) -> list[tuple[int, int]]:
    """The spans between the boundary lines; a missing last line is made up for."""
    mark = b"--" + boundary
    if not boundary.strip():
        return []
    spans: list[tuple[int, int]] = []
    begin = -1
    at = content.find(mark, start, end)
    while at >= 0:
        line_end = content.find(b"\n", at, end)
        line_end = end if line_end < 0 else line_end + 1
        rest = content[at + len(mark) : line_end].strip()
        if (at == start or content[at - 1 : at] == b"\n") and rest in (b"", b"--"):
            if begin >= 0:
                spans.append((begin, _before_line_end(content, begin, at)))
            begin = line_end if not rest else -1
            at = line_end - 1
        at = content.find(mark, at + 1, end)
    if begin >= 0 and content[begin:end].strip():
        spans.append((begin, end))
    return spans


def _before_line_end(content: bytes, begin: int, at: int) -> int:
    """The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1)."""
    if content[at - 2 : at] == b"\r\n":
        return max(begin, at - 2)
    return max(begin, at - 1)


def claimed_name(part: Part) -> str:
    """The file name, decoded once more where a client encoded it twice."""
    return decode_words(part.filename)
