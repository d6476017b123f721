"""The header block of a mail, read whatever it looks like: RFC 5322 and 2047 as they are really written."""

import re
from dataclasses import dataclass, field
from functools import cached_property

from ingest.readers.addresses import parse_addresses
from ingest.readers.words import decode_words, parameters, unfold
from models.message import Address

_FIELD = re.compile(rb"([^\x00-\x20:\x7f]{1,200})[ \t]*:")
_WHOLE_FIELD = re.compile(rb"(?!--)([!-9;-~]{1,200}):([^\n]*\n(?:[ \t]+[^\s][^\n]*\n)*)")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_KNOWN = frozenset(
    b"from to cc bcc subject date sender reply-to return-path received message-id in-reply-to references mime-version "
    b"content-type content-transfer-encoding content-disposition content-id content-description content-location "
    b"content-language content-length delivered-to envelope-to auto-submitted precedence list-id list-unsubscribe "
    b"importance priority thread-topic thread-index user-agent errors-to status organization comments keywords "
    b"resent-from resent-to resent-date resent-message-id dkim-signature authentication-results received-spf sent "
    b"newsgroups path apparently-to disposition-notification-to arc-seal mailing-list".split()
)
_MAX_FIELDS = 5000
_MAX_TYPES = 5


@dataclass(frozen=True, slots=True)
class Field:
    """One header field as it stands in the mail."""

    name: str
    """Lower case."""
    raw: bytes
    """The value, still folded and encoded."""


@dataclass(frozen=True)
class Headers:
    """The header fields of a mail; whatever is asked of them never raises."""

    fields: tuple[Field, ...]
    content_type: str = "text/plain"
    """Media type of the root, lower case."""
    report_type: str = ""
    """The parameter of multipart/report (RFC 6522), lower case."""
    parts: tuple[str, ...] = ()
    """Media types of all parts, depth first, lower case."""
    charset: str = ""
    """What the body claims to be in; the best guess for bare 8-bit fields."""

    @cached_property
    def _index(self) -> dict[str, list[bytes]]:
        index: dict[str, list[bytes]] = {}
        for entry in self.fields:
            index.setdefault(entry.name, []).append(entry.raw)
        return index

    @cached_property
    def _unfolded(self) -> dict[str, list[str]]:
        return {}

    @cached_property
    def _decoded(self) -> dict[str, list[str]]:
        return {}

    @cached_property
    def _addresses(self) -> dict[str, tuple[Address, ...]]:
        return {}

    def encoded(self, name: str) -> list[str]:
        """Every field of this name, unfolded but not decoded, from the top."""
        key = name.lower()
        if key not in self._index:
            return []
        if key not in self._unfolded:
            self._unfolded[key] = [unfold(raw, self.charset) for raw in self._index[key]]
        return self._unfolded[key]

    def get(self, name: str) -> str:
        """The first field of this name, decoded and unfolded; empty if there is none."""
        values = self.all(name)
        return values[0] if values else ""

    def all(self, name: str) -> list[str]:
        """Every field of this name, decoded and unfolded, from the top."""
        key = name.lower()
        if key not in self._index:
            return []
        if key not in self._decoded:
            self._decoded[key] = [decode_words(text) for text in self.encoded(key)]
        return self._decoded[key]

    def address(self, name: str) -> Address | None:
        """The first address of the first field of this name that has one."""
        return next((address for address in self.addresses(name) if address.address), None)

    def addresses(self, name: str) -> tuple[Address, ...]:
        """All addresses of all fields of this name."""
        key = name.lower()
        if key not in self._index:
            return ()
        if key not in self._addresses:
            self._addresses[key] = tuple(found for text in self.encoded(key) for found in parse_addresses(text))
        return self._addresses[key]


@dataclass(frozen=True, slots=True)
class Block:
    """A header block, and where the body behind it begins."""

    fields: tuple[Field, ...]
    body: int
    """Offset into the bytes."""
    junk: bool
    """Lines had to be skipped or joined."""


@dataclass(slots=True)
class _Collected:
    """The fields found so far."""

    names: list[str] = field(default_factory=list)
    values: list[bytes | bytearray] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    """Where the first fields called Content-Type are."""

    def take(self, line: bytes) -> bool:
        """Keep a field, a folded line or an mbox line; False for anything else."""
        if line[:1] in b" \t" and self.values and line.strip():
            self.fold(line)
        elif match := _FIELD.match(line):
            if match[1].lower() == b"content-type" and len(self.types) < _MAX_TYPES:
                self.types.append(len(self.names))
            self.names.append(match[1].decode("latin-1").lower())
            self.values.append(line[match.end() :])
        else:
            return line.lstrip(b">").startswith(b"From ")
        return True

    def fold(self, line: bytes) -> None:
        """Lengthen the last value; a bytearray, for thousands of lines may follow."""
        last = self.values[-1]
        if not isinstance(last, bytearray):
            last = self.values[-1] = bytearray(last)
        last += line

    def ended_by(self, line: bytes) -> bool:
        """Whether the line is a boundary that one of the fields declares: the empty line was forgotten."""
        mark = line[2:].strip()
        return line.startswith(b"--") and bool(mark) and any(mark in self.values[at] for at in self.types)

    def fields(self) -> tuple[Field, ...]:
        """Nothing, if what looked like fields was the text of a mail without any."""
        known = any(name.encode("latin-1") in _KNOWN or name.startswith(("x-", "content-")) for name in self.names)
        pairs = zip(self.names, self.values, strict=True)
        return tuple(Field(name, bytes(value).strip()) for name, value in pairs) if known else ()


def split_block(content: bytes, start: int, end: int, *, lead: bool = False) -> Block:
    """Cut the header block off at ``start``; everything is body if no known field is in it.

    Args:
        content: the whole mail.
        start: where the block begins.
        end: where the entity ends.
        lead: skip blank and foreign lines before the first field, as a mail's own beginning may have them.
    """
    return _regular_block(content, start, end) or _odd_block(content, start, end, lead=lead)


def _regular_block(content: bytes, start: int, end: int) -> Block | None:
    """A block without a fault, as nearly all are, in one pass; None for any other."""
    blank = _BLANK_LINE.search(content, start, end)
    stop = blank.start() + 1 if blank else end
    names: list[str] = []
    values: list[bytes | bytearray] = []
    at = start
    while at < stop:
        # Not finditer: that would look for the next field through all of a body.
        match = _WHOLE_FIELD.match(content, at, stop)
        if match is None or len(names) >= _MAX_FIELDS:
            return None
        names.append(match[1].decode("latin-1").lower())
        values.append(match[2])
        at = match.end()
    fields = _Collected(names, values).fields()
    return Block(fields, blank.end() if blank else end, junk=False) if fields else None


def _odd_block(content: bytes, start: int, end: int, *, lead: bool) -> Block:
    found = _Collected()
    junk = False
    at = start
    while at < end and len(found.names) < _MAX_FIELDS:
        stop = _line_end(content, at, end)
        line = content[at:stop]
        leading = lead and not found.names
        if found.ended_by(line):
            break
        if not found.take(line) and not (leading and not line.strip()):
            if not line.strip() and not _goes_on(content, at, stop, end):
                at = stop
                break
            if line.strip() and not _is_junk(content, stop, end, lead=leading):
                break
            junk = junk or bool(line.strip())
            if found.values:
                found.fold(b" " + line)
        at = stop
    fields = found.fields()
    return Block(fields, at if fields else _body_start(content, start, end), junk or bool(found.names and not fields))


def _line_end(content: bytes, at: int, end: int) -> int:
    stop = content.find(b"\n", at, end)
    return end if stop < 0 else stop + 1


def _body_start(content: bytes, start: int, end: int) -> int:
    """Behind the one blank line that may stand for the missing block."""
    stop = _line_end(content, start, end)
    return start if content[start:stop].strip() else stop


def _known_field(content: bytes, at: int, end: int) -> bool:
    match = _FIELD.match(content, at, min(end, at + 300))
    return match is not None and (match[1].lower() in _KNOWN or match[1][:2] in {b"X-", b"x-"})


def _goes_on(content: bytes, at: int, stop: int, end: int) -> bool:
    """A line of blanks among the fields is no end of them, unlike an empty line."""
    if content[at:stop] in {b"\r\n", b"\n", b"\r"} or stop >= end:
        return False
    following = content[stop : _line_end(content, stop, end)]
    return _known_field(content, stop, end) or (following[:1] in {b" ", b"\t"} and bool(following.strip()))


def _is_junk(content: bytes, stop: int, end: int, *, lead: bool) -> bool:
    """Whether a line that is no field stands among fields, rather than being the body's first."""
    for _ in range(20 if lead else 1):
        if stop >= end:
            return False
        if _known_field(content, stop, end):
            return True
        stop = _line_end(content, stop, end)
    return False


def parse_headers(block: bytes) -> Headers:
    r"""Headers from bare bytes, without a body.

    >>> parse_headers(b"Subject: =?utf-8?Q?Z=C3=A4hler?=\n").get("subject")
    'Zähler'
    """
    fields = split_block(block, 0, len(block), lead=True).fields
    bare = Headers(fields)
    media_type, values = parameters(next(iter(bare.encoded("content-type")), ""))
    return Headers(fields, media_type or "text/plain", values.get("report-type", "").lower())
