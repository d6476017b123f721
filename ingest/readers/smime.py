"""Signed mail that is wrapped whole into CMS (RFC 8551, 3.5; RFC 5652): the signed content, unwrapped.

Nobody checks the signature here; the original stays in the archive for whoever wants to.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_OID_SIGNED = bytes.fromhex("2a864886f70d010702")
_OID_ENVELOPED = (bytes.fromhex("2a864886f70d010703"), bytes.fromhex("2a864886f70d0109100117"))
_OID_COMPRESSED = bytes.fromhex("2a864886f70d0109100109")
_OCTETS = 0x04
_CONSTRUCTED = 0x20
_INDEFINITE = 0x80
_MAX_DEPTH = 8
_MAX_ELEMENTS = 120_000
"""Looked at in all. Mail programs write pieces of a kilobyte or more: enough for 100 MB."""


class Kind(StrEnum):
    """What a CMS object does to the mail inside."""

    signed = "signed"
    encrypted = "encrypted"
    unknown = "unknown"


@dataclass(frozen=True, slots=True)
class Cms:
    """A CMS object."""

    kind: Kind
    content: bytes
    """The signed entity; empty if there is none inside."""


@dataclass(frozen=True, slots=True)
class _Element:
    """Tag, and where its value lies."""

    tag: int
    start: int
    end: int
    """At the latest: a value of indefinite length ends itself."""


def read_cms(data: bytes) -> Cms:
    """Tell what the object is and take out what was signed; never fails."""
    head = data[:100]
    if any(oid in head for oid in _OID_ENVELOPED):
        return Cms(Kind.encrypted, b"")
    if _OID_SIGNED not in head:
        return Cms(Kind.unknown, b"")
    ber = _Ber(data)
    # ContentInfo > [0] > SignedData (version, digests, EncapsulatedContentInfo > (type, [0] > OCTET STRING), ...)
    root = _Element(0, 0, len(data))
    holder: _Element | None = root
    for index in (0, 1, 0, 2, 1, 0):
        holder = ber.child(holder, index) if holder else None
    return Cms(Kind.signed, b"".join(ber.octets(holder, 0)) if holder else b"")


class _Ber:
    """Basic encoding rules (X.690), as far as mail needs them; gives up quietly where there is too much of it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MAX_ELEMENTS

    def child(self, parent: _Element, index: int) -> _Element | None:
        """The element at this place among those inside another."""
        return next(itertools.islice(self._elements(parent), index, None), None)

    def octets(self, element: _Element, depth: int) -> Iterator[bytes]:
        """The bytes of an OCTET STRING, which may come in pieces."""
        if element.tag == _OCTETS:
            yield self._data[element.start : element.end]
        elif element.tag & _CONSTRUCTED and depth < _MAX_DEPTH:
            for inner in self._elements(element):
                yield from self.octets(inner, depth + 1)

    def _elements(self, parent: _Element) -> Iterator[_Element]:
        """The elements inside another, in definite or, as many mail programs write it, indefinite length."""
        at = parent.start
        while (head := self._head(at, parent.end)) is not None:
            tag, start, length = head
            if length is None:
                # Its end is looked for only if something behind it is wanted.
                yield _Element(tag, start, parent.end)
                at = self._behind(start, parent.end)
            else:
                at = min(start + length, parent.end)
                yield _Element(tag, start, at)

    def _head(self, at: int, end: int) -> tuple[int, int, int | None] | None:
        """Tag, where the value begins, and its length, None for an indefinite one; None at the end of contents."""
        data = self._data
        if at + 2 > end or self._left <= 0:
            return None
        self._left -= 1
        tag, length = data[at], data[at + 1]
        at += 2
        if tag == 0 and length == 0:
            return None
        if length == _INDEFINITE:
            return tag, at, None
        if length & _INDEFINITE:
            count = length & 0x7F
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        return tag, at, length

    def _behind(self, at: int, end: int) -> int:
        """Where a value of indefinite length ends, its end-of-contents octets included (X.690, 8.1.5)."""
        depth = 1
        while depth and self._left > 0 and at + 2 <= end:
            head = self._head(at, end)
            if head is None:
                depth -= 1
                at += 2
            elif head[2] is None:
                depth += 1
                at = head[1]
            else:
                at = head[1] + head[2]
        return min(at, end)
