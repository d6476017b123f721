"""Transfer encodings (RFC 2045, 6), uuencode, and text that flows (RFC 3676)."""

import binascii
import itertools
import re
from dataclasses import dataclass

_BASE64_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_BASE64_JUNK = bytes(set(range(256)) - set(_BASE64_LETTERS))
_SURE_LETTERS = 60
"""So many letters of base64 in a row are no words."""
_LOOSE_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n|\Z)")
_UU_BLOCK = re.compile(
    rb"^begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n(.*?)^(?:end|\Z)[ \t]*\r?\n?", re.MULTILINE | re.DOTALL
)
_FLOWED_QUOTE = re.compile(r">*")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Bytes after their transfer encoding was undone."""

    content: bytes
    fits: bool
    """They were encoded as was said."""


@dataclass(frozen=True, slots=True)
class UuFile:
    """A file that stood uuencoded in the text."""

    name: bytes
    content: bytes


def encoding(field: str) -> str:
    """``base64``, ``quoted-printable``, ``uuencode`` or, for all that changes nothing, an empty string.

    >>> encoding("Quoted - Printable;"), encoding("x-uue"), encoding("7-bit")
    ('quoted-printable', 'uuencode', '')
    """
    name = re.sub(r"[^a-z0-9]", "", re.split(r"[;(]", field, maxsplit=1)[0].lower()).removeprefix("x")
    if name in {"base64", "b64", "base", "bas64"}:
        return "base64"
    if name in {"quotedprintable", "qp", "quopri", "quoted", "quotedprintible"}:
        return "quoted-printable"
    return "uuencode" if name in {"uuencode", "uue", "uu", "uuencoded"} else ""


def unpack(raw: bytes, name: str) -> Unpacked:
    """Undo the encoding that ``encoding`` named; never fails."""
    if name == "base64":
        return _base64(raw)
    if name == "quoted-printable":
        loose = _LOOSE_SOFT_BREAK.sub(b"=", raw) if b"= " in raw or b"=\t" in raw else raw
        return Unpacked(binascii.a2b_qp(loose), fits=True)
    if name == "uuencode":
        found, _ = cut_uuencoded(raw)
        return Unpacked(found[0].content, fits=True) if found else Unpacked(raw, fits=False)
    return Unpacked(raw, fits=True)


def _base64(raw: bytes) -> Unpacked:
    letters = raw.translate(None, _BASE64_JUNK)
    dropped = len(raw) - len(letters) - sum(raw.count(mark) for mark in (b"\r", b"\n", b" ", b"\t"))
    if dropped:
        kept = _without_footer(raw)
        if not kept and dropped * 10 > len(letters):
            return Unpacked(raw, fits=False)
        letters = kept or letters
    if len(letters) % 4 == 0 and letters.find(b"=", 0, -2) < 0:
        # As it should be; a large attachment is not copied once more for each way in which it might not be.
        content = binascii.a2b_base64(letters)
    elif b"=" in letters.rstrip(b"="):
        content = b"".join(_base64_stretch(stretch) for stretch in letters.split(b"=") if stretch)
    else:
        content = _base64_stretch(letters.rstrip(b"="))
    return Unpacked(content, fits=not dropped)


def _without_footer(raw: bytes) -> bytes:
    """The base64 above what a list server or a virus scanner has appended; empty if the top is no base64."""
    lines = raw.strip().splitlines()
    top = b"".join(line.strip() for line in itertools.takewhile(_is_base64_line, lines))
    likely = len(top) % 4 == 0 and (top.endswith(b"=") or len(top) >= _SURE_LETTERS)
    return top if likely else b""


def _is_base64_line(line: bytes) -> bool:
    return not line.strip().translate(None, _BASE64_LETTERS)


def _base64_stretch(letters: bytes) -> bytes:
    surplus = len(letters) % 4
    if surplus == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def cut_uuencoded(raw: bytes) -> tuple[list[UuFile], bytes]:
    """Take the uuencoded files out of a text.

    Returns:
        The files, and the text without them.
    """
    if b"begin " not in raw:
        return [], raw
    files: list[UuFile] = []

    def keep(match: re.Match[bytes]) -> bytes:
        content = _uudecode(match[2])
        if content is None:
            return match[0]
        files.append(UuFile(match[1].strip(), content))
        return b""

    return files, _UU_BLOCK.sub(keep, raw)


def _uudecode(body: bytes) -> bytes | None:
    """None if the lines are no uuencode: a sentence may begin with the word, too."""
    pieces = []
    for line in body.splitlines():
        if not line.strip() or line[:1] == b"`":
            continue
        count = (line[0] - 32) & 63
        need = (count + 2) // 3 * 4
        if line[0] > 0x60 or line[0] < 0x20 or len(line) - 1 > need + 2:
            return None
        # Blanks at the end of lines were lost on the way, or one was added as a checksum.
        try:
            pieces.append(binascii.a2b_uu(line[: need + 1]))
        except binascii.Error:
            return None
    return b"".join(pieces) if pieces else None


def reflow(text: str, *, delsp: bool) -> str:
    """Join the lines of ``format=flowed``; the depth of quotation stays as ``>`` marks (RFC 3676, 4.1 to 4.5)."""
    lines: list[list[str]] = []
    open_depth = -1
    for raw in text.split("\n"):
        marks = _FLOWED_QUOTE.match(raw)
        depth = len(marks[0]) if marks else 0
        line = raw[depth:].removeprefix(" ")
        soft = line.endswith(" ") and line != "-- "
        kept = line[:-1] if soft and delsp else line
        if open_depth == depth and line != "-- ":
            lines[-1].append(kept)
        else:
            lines.append([">" * depth + " " if depth else "", kept])
        open_depth = depth if soft else -1
    return "\n".join("".join(pieces) for pieces in lines)
