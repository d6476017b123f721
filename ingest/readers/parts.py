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
_FILE_NAME = re.compile(r"[^/:\\\x00-\x1f]{1,200}\.[A-Za-z][A-Za-z0-9]{1,4}")
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
        """The body without its transfer encoding; of several the first that changes anything."""
        names = map(transfer.encoding, self.headers.all("content-transfer-encoding"))
        return transfer.unpack(self.raw, next(filter(None, names), ""))

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, depth first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class _Budget:
    """How many parts may still be read."""

    parts: int


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where an entity lies, and what it is if it does not say."""

    content: bytes
    start: int
    end: int
    depth: int = 0
    default: str = ""


def parse(content: bytes, warn: Warn) -> Part:
    """Read a whole mail; whatever it looks like, something comes back."""
    content = _usual_line_ends(content)
    return _entity(_Scope(content, 0, len(content)), warn, _Budget(_MAX_PARTS))


def _usual_line_ends(content: bytes) -> bytes:
    """Lines ended by CR alone, or by CR CR LF, as some gateways write them."""
    head = content[:20_000]
    if b"\n" not in head and head.count(b"\r") > 2:
        return content.replace(b"\r", b"\n")
    if b"\r\r\n" in head:
        return content.replace(b"\r\r\n", b"\r\n")
    return content


def _entity(scope: _Scope, warn: Warn, budget: _Budget) -> Part:
    block = split_block(scope.content, scope.start, scope.end, lead=scope.depth == 0)
    if block.junk:
        warn("Lines that are no header fields stood among the headers.")
    if scope.depth == 0 and not block.fields:
        warn("The mail has no headers.")
    budget.parts -= 1
    body = _Scope(scope.content, block.body, scope.end, scope.depth, scope.default)
    part = _leaf(block.fields, body)
    if not part.media_type.startswith("multipart/"):
        return part
    if scope.depth >= _MAX_DEPTH or budget.parts <= 0:
        warn("Parts are nested too deeply or are too many; the rest was not read.")
        return part
    return _multipart(part, body, warn, budget)


def _leaf(fields: tuple[Field, ...], scope: _Scope) -> Part:
    bare = Headers(fields)
    media_type, values = _content_type(bare, scope)
    disposition, more = parameters(next(iter(bare.encoded("content-disposition")), ""))
    filename = more.get("filename") or values.get("name") or more.get("name") or values.get("filename") or ""
    report_type = values.get("report-type", "").lower()
    headers = Headers(fields, media_type, report_type, charset=values.get("charset", ""))
    return Part(headers, media_type, values, disposition, filename, scope.content[scope.start : scope.end])


def _content_type(headers: Headers, scope: _Scope) -> tuple[str, Mapping[str, str]]:
    """The first Content-Type that is one; several may be there."""
    fields = [parameters(text) for text in headers.encoded("content-type")]
    usable = [(kind, values) for kind, values in fields if _TYPE.fullmatch(kind)]
    for kind, values in usable if len(usable) > 1 else ():
        if kind.startswith("multipart/") and _boundaries(scope, values.get("boundary", "").encode()):
            return kind, values
    if usable:
        return _unless_multipart(*usable[0], scope)
    if fields:
        kind, values = fields[0]
        likely = "multipart/mixed" if values.get("boundary") else _looks_like(scope)
        return _BARE_TYPES.get(kind, likely), values
    if headers.fields and _BOUNDARY_LINE.match(scope.content, _skip_blank(scope), scope.end):
        return "multipart/mixed", {}
    return scope.default or _looks_like(scope), {}


def _unless_multipart(kind: str, values: Mapping[str, str], scope: _Scope) -> tuple[str, Mapping[str, str]]:
    """A boundary makes a multipart of what calls itself text, if the body begins with it."""
    boundary = values.get("boundary", "")
    if kind.startswith("text/") and boundary and scope.content.startswith(f"--{boundary}".encode(), _skip_blank(scope)):
        return "multipart/mixed", values
    return kind, values


def _skip_blank(scope: _Scope) -> int:
    at = scope.start
    while at < scope.end and scope.content[at : at + 1] in (b"\r", b"\n"):
        at += 1
    return at


def _looks_like(scope: _Scope) -> str:
    return "text/html" if _HTML_START.match(scope.content, scope.start, scope.start + 500) else "text/plain"


def _multipart(part: Part, scope: _Scope, warn: Warn, budget: _Budget) -> Part:
    pieces = _boundaries(scope, part.parameters.get("boundary", "").encode())
    if not pieces:
        guessed = _BOUNDARY_LINE.search(scope.content, scope.start, min(scope.end, scope.start + _GUESS_BYTES))
        pieces = _boundaries(scope, guessed[1]) if guessed else []
        if pieces:
            warn("The boundary between the parts is not the declared one; it was found all the same.")
    if not pieces:
        return _without_boundary(part, scope, warn, budget)
    if len(pieces) > budget.parts:
        warn("Parts are nested too deeply or are too many; the rest was not read.")
    default = "message/rfc822" if part.media_type == "multipart/digest" else ""
    children = tuple(
        _entity(_Scope(scope.content, start, end, scope.depth + 1, default), warn, budget)
        for start, end in pieces[: max(budget.parts, 0)]
    )
    before = scope.content[scope.start : pieces[0][0]].rstrip(b"\r\n").rpartition(b"\n")[0]
    return replace(part, raw=b"", children=children, before=before)


def _without_boundary(part: Part, scope: _Scope, warn: Warn, budget: _Budget) -> Part:
    """Not one boundary line: the whole may be encoded once more, against the rules, or be plain text."""
    content = part.unpacked().content
    if len(content) < len(part.raw) and part.parameters.get("boundary", "?").encode() in content:
        warn("A multipart was encoded as a whole, which the standard forbids.")
        inner = _Scope(content, 0, len(content), scope.depth, scope.default)
        return _multipart(replace(part, raw=content), inner, warn, budget)
    if not part.raw.strip():
        return replace(part, raw=b"")
    warn("A multipart has no parts; it was read as text.")
    return replace(part, media_type=_looks_like(scope))


def _boundaries(scope: _Scope, boundary: bytes) -> list[tuple[int, int]]:
    """The spans between the boundary lines; a missing last line is made up for."""
    content, start, end = scope.content, scope.start, scope.end
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
    """The file name, decoded once more where a client encoded it twice; else what else reads like one."""
    if part.filename:
        return decode_words(part.filename)
    others = (part.headers.get("content-location"), part.headers.get("content-description"))
    return next((name for name in others if _FILE_NAME.fullmatch(name)), "")
