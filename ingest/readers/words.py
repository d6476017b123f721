"""Encoded words (RFC 2047) and parameters (RFC 2045, 2231) of header fields, as they are really written."""

import binascii
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ingest.readers import charsets

_WORD = re.compile(
    r"=\?\s*([^?\s=]{1,60}?)(?:\*[^?]{0,40})?\s*\?\s*([BbQq])\s*\?"
    r"((?:(?!=\?[^?\s=]{1,60}\?[BbQq]\?)[^\n]){0,4000}?)"
    r"(?:\?=|\?(?=[\s,;<>\"]|$)|(?=\s?=\?[^?\s=]{1,60}\?[BbQq]\?)|$)"
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_FOLD = re.compile(r"(?:\r\n|\r|\n)[ \t]*")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_PIECES = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^;"]+|")+', re.DOTALL)
_CONTINUATION = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_SOFT_BREAK = re.compile(r"(?<==) +(?=[0-9A-Fa-f]{2})|(?<==[0-9A-Fa-f]) +(?=[0-9A-Fa-f])|= +(?![0-9A-Fa-f]{2}|[ ]|$)")
"""Where a word was folded as the text of a body is: inside an escape, or behind a ``=`` at the end of a line."""
_HEADER_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    charset: str
    encoding: str
    payload: str


def unfold(raw: bytes, charset: str = "") -> str:
    """One line of text from a raw field; bytes above 127 are read as UTF-8, else as ``charset``, else as they look."""
    raw = raw[:_HEADER_LIMIT]
    if raw.isascii() and b"\n" not in raw and b"\x1b" not in raw:
        return raw.decode("ascii").replace("\t", " ").strip()
    if raw.isascii() and b"\x1b" not in raw:
        text = raw.decode("ascii")
    else:
        text = charsets.decode(raw, "" if charsets.codec(charset) == "utf-8" else charset).text
    text = _FOLD.sub(" ", text) if "\n" in text or "\r" in text else text
    return text.replace("\t", " ").strip()


def decode_words(text: str) -> str:
    """Decode every encoded word in an unfolded field, however it was broken.

    >>> decode_words("=?utf-8?Q?Z=C3?= =?utf-8?Q?=A4hler?= abgelesen")
    'Zähler abgelesen'
    """
    if "=?" not in text:
        return _without_controls(text)
    decoded = _decoded_once(text)
    # Gateways encode what was encoded already.
    if decoded.startswith("=?") and decoded.rstrip().endswith("?=") and decoded != text:
        decoded = _decoded_once(decoded)
    return _without_controls(decoded)


def _without_controls(text: str) -> str:
    return _CONTROLS.sub(" ", text).strip() if _CONTROLS.search(text) else text.strip()


def _decoded_once(text: str) -> str:
    pieces: list[str] = []
    end = 0
    for run in _runs(text):
        between = text[end : run[0].start]
        # White space between two encoded words is no part of the text (RFC 2047, 6.2).
        pieces.append("" if end and not between.strip() and pieces else between)
        pieces.append(_decode_run(run))
        end = run[-1].end
    return "".join([*pieces, text[end:]])


def _runs(text: str) -> Iterator[list[_Word]]:
    """Neighbouring words of one character set, which may share a character between them."""
    run: list[_Word] = []
    for match in _WORD.finditer(text):
        word = _Word(match.start(), match.end(), match[1].lower(), match[2].lower(), match[3])
        if run and (text[run[-1].end : word.start].strip() or _kind(run[-1]) != _kind(word)):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _kind(word: _Word) -> tuple[str, str]:
    return word.charset, word.encoding


def _decode_run(run: list[_Word]) -> str:
    payloads = [word.payload for word in run]
    if run[0].encoding == "q":
        # Joined before they are decoded: some programs cut even an escape such as =C3 in two.
        return charsets.decode(_quoted("".join(payloads)), run[0].charset).text
    decoded = charsets.decode(b"".join(map(_base64, payloads)), run[0].charset)
    if not decoded.as_declared and len(run) > 1:
        # Cut in the middle of a group of four letters: only the whole makes sense.
        whole = charsets.decode(_base64("".join(payloads)), run[0].charset)
        return whole.text if whole.as_declared else decoded.text
    return decoded.text


def _quoted(payload: str) -> bytes:
    raw = _SOFT_BREAK.sub("", payload).replace("_", " ").encode("utf-8", "replace")
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda match: binascii.unhexlify(match[1]), raw)


def _base64(payload: str) -> bytes:
    """Each padded stretch for itself; what is no base64 at all stays as it is."""
    stretches = [_NOT_BASE64.sub("", stretch) for stretch in payload.split("=")]
    return b"".join(_base64_stretch(stretch) for stretch in stretches if stretch)


def _base64_stretch(letters: str) -> bytes:
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))


@lru_cache(maxsize=1024)
def parameters(field: str) -> tuple[str, Mapping[str, str]]:
    """The value and the parameters of Content-Type or Content-Disposition, names in lower case.

    Reads RFC 2231 in full, and besides it: encoded words, missing quotes and semicolons, bare 8-bit text.

    >>> parameters("attachment; filename*0*=utf-8''Z%C3%A4; filename*1=hler.pdf")
    ('attachment', {'filename': 'Zähler.pdf'})
    """
    pieces = _PIECES.findall(field[:20_000])
    if not pieces:
        return "", {}
    value, rest = _value_and_rest(pieces[0])
    collected: dict[str, dict[int, tuple[str, bool]]] = {}
    for piece in [rest, *pieces[1:]]:
        name, equals, given = piece.partition("=")
        matched = _CONTINUATION.fullmatch(name.strip().lower())
        if equals and matched:
            slot = -1 if matched[2] is None and not matched[3] else int(matched[2] or 0)
            collected.setdefault(matched[1], {}).setdefault(slot, (_unquoted(given), bool(matched[3])))
    return value, {name: _joined(slots) for name, slots in collected.items()}


def _value_and_rest(piece: str) -> tuple[str, str]:
    """``multipart/mixed boundary="x"``: a semicolon was forgotten."""
    words = piece.strip().split(None, 1)
    if len(words) == 2 and "=" in words[1]:
        return words[0].lower(), words[1]
    return re.sub(r"\s*\([^)]*\)|\s", "", piece).lower(), ""


def _unquoted(given: str) -> str:
    given = given.strip()
    if given.startswith('"'):
        end = re.search(r'(?<!\\)"', given[1:])
        given = given[1 : end.start() + 1] if end else given[1:]
        return re.sub(r'\\(["\\])', r"\1", given)
    if given.startswith("'") and given.endswith("'") and len(given) > 1 and "''" not in given:
        return given[1:-1]
    return given


def _joined(slots: dict[int, tuple[str, bool]]) -> str:
    """The extended form of a parameter is better than the plain one beside it (RFC 6266, 4.3)."""
    numbered = [slots[number] for number in sorted(slots) if number >= 0]
    if not numbered:
        return decode_words(slots[-1][0])
    first = numbered[0][0]
    charset = ""
    if numbered[0][1] and first.count("'") >= 2:
        charset, _, rest = first.split("'", 2)
        numbered[0] = (rest, True)
    if not any(extended for _, extended in numbered):
        return decode_words("".join(text for text, _ in numbered))
    content = b"".join(
        urllib.parse.unquote_to_bytes(text) if extended else text.encode() for text, extended in numbered
    )
    return _without_controls(charsets.decode(content, charset).text)
