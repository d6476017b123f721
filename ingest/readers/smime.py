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
_MAX_DEPTH = 8
_MAX_PIECES = 50_000
"""Mail programs write pieces of a kilobyte or more: enough for 50 MB."""


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
    next: int


def read_cms(data: bytes) -> Cms:
    """Tell what the object is and take out what was signed; never fails."""
    head = data[:100]
    if any(oid in head for oid in _OID_ENVELOPED):
        return Cms(Kind.encrypted, b"")
    if _OID_SIGNED not in head:
        return Cms(Kind.unknown, b"")
    # ContentInfo > [0] > SignedData (version, digests, EncapsulatedContentInfo > (type, [0] > OCTET STRING), ...)
    signed = _child(data, _child(data, _child(data, _first(data, 0, len(data)), 1), 0), 2)
    holder = _child(data, _child(data, signed, 1), 0)
    return Cms(Kind.signed, b"".join(_octets(data, holder, 0)) if holder else b"")


def _first(data: bytes, at: int, end: int) -> _Element | None:
    return next(_elements(data, at, end, 0), None)


def _child(data: bytes, parent: _Element | None, index: int) -> _Element | None:
    if parent is None:
        return None
    for number, element in enumerate(_elements(data, parent.start, parent.end, 0)):
        if number == index:
            return element
    return None


def _elements(data: bytes, at: int, end: int, depth: int) -> Iterator[_Element]:
    """The elements between two offsets, in definite or, as many mail programs write it, indefinite length."""
    end = min(end, len(data))
    while at + 2 <= end and depth < _MAX_DEPTH:
        tag, length = data[at], data[at + 1]
        at += 2
        if tag == 0 and length == 0:
            return
        if length == 0x80:
            inner_end = at
            for inner in itertools.islice(_elements(data, at, end, depth + 1), _MAX_PIECES):
                inner_end = inner.next
            inner_end = min(inner_end, end)
            yield _Element(tag, at, inner_end, min(inner_end + 2, end))
            at = inner_end + 2
            continue
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        last = min(at + length, end)
        yield _Element(tag, at, last, last)
        at = last


def _octets(data: bytes, element: _Element, depth: int) -> Iterator[bytes]:
    """The bytes of an OCTET STRING, which may come in pieces."""
    if element.tag == _OCTETS:
        yield data[element.start : element.end]
    elif element.tag & _CONSTRUCTED and depth < _MAX_DEPTH:
        for inner in _elements(data, element.start, element.end, 0):
            yield from _octets(data, inner, depth + 1)
