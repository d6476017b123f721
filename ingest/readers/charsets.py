"""Bytes of mail text to characters, whatever the sender declared: by label, byte order mark, validity, detection."""

import codecs
import functools
import re
from dataclasses import dataclass

_SAMPLE_BYTES = 4096
"""Detection looks at no more than this; it is the slowest step of reading a mail."""

# Labels that Python does not know, or knows as a smaller set than what is really sent under that name.
_LABELS = {
    "iso88591": "cp1252", "latin1": "cp1252", "l1": "cp1252", "windows1252": "cp1252", "cp1252": "cp1252",
    "ansi": "cp1252", "xansi": "cp1252", "ansix341968": "utf-8", "ansix341986": "utf-8", "iso885915": "iso8859_15",
    "usascii": "utf-8", "ascii": "utf-8", "7bit": "utf-8", "8bit": "utf-8", "utf8": "utf-8", "unicode": "utf-8",
    "unicode11utf8": "utf-8", "utf8mb4": "utf-8", "xutf8": "utf-8", "cp65001": "utf-8", "windows65001": "utf-8",
    "unicode11utf7": "utf-7", "utf7": "utf-7", "xunicode20utf7": "utf-7",
    "gb2312": "gb18030", "gbk": "gb18030", "xgbk": "gb18030", "isogb2312": "gb18030", "csgb2312": "gb18030",
    "gb231280": "gb18030", "cp936": "gb18030", "windows936": "gb18030", "euccn": "gb18030", "gb18030": "gb18030",
    "ksc56011987": "cp949", "ksc56011989": "cp949", "ksc5601": "cp949", "euckr": "cp949", "ks5601": "cp949",
    "windows949": "cp949", "ksc56011992": "cp949", "iso2022kr": "iso2022_kr",
    "big5": "cp950", "cnbig5": "cp950", "xxbig5": "cp950", "big5hkscs": "big5hkscs",
    "shiftjis": "cp932", "sjis": "cp932", "xsjis": "cp932", "windows31j": "cp932", "mskanji": "cp932",
    "eucjp": "euc_jis_2004", "xeucjp": "euc_jis_2004", "iso2022jp": "iso2022_jp_2", "cp50220": "iso2022_jp_2",
    "cp50221": "iso2022_jp_2", "csiso2022jp": "iso2022_jp_2",
    "iso88598i": "iso8859_8", "iso88598e": "iso8859_8", "iso88599": "cp1254", "iso885911": "cp874", "tis620": "cp874",
    "windows874": "cp874", "macintosh": "mac_roman", "xmacroman": "mac_roman", "xmacce": "mac_latin2",
    "xmaccyrillic": "mac_cyrillic", "koi8": "koi8_r", "hz": "hz", "hzgb2312": "hz",
}  # fmt: skip
# Codecs of Python that are no character sets of mail; some take quadratic time or make surrogates.
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_MULTIBYTE = frozenset({"gb18030", "cp949", "cp950", "big5hkscs", "cp932", "euc_jis_2004", "johab"})
_WESTERN = frozenset({"cp1252", "utf-8", "iso8859_15", "cp1250", "iso8859-2", "iso8859_2"})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CP1252 = "".join(
    bytes([byte]).decode("cp1252", "ignore") or chr(byte)  # The five holes stay control characters, as browsers do.
    for byte in range(256)
)
# High bytes that German and other western European letters and Windows' own punctuation have in cp1252.
_LETTERS_1252 = frozenset(b"\x80\x84\x85\x91\x92\x93\x94\x95\x96\x97\xa0\xa7\xab\xb0\xb2\xb3\xb4\xb7\xbb") | frozenset(
    range(0xC0, 0x100)
) - frozenset(b"\xd7\xf7")
_ESCAPE_JIS = re.compile(rb"\x1b(?:\$[@B]|\(I|\$\(D)(?:[^\x1b\r\n]*)")
_LONE_HIGH = re.compile(rb"[\x80-\xff]+")
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, and what it was read as."""

    text: str
    charset: str
    as_declared: bool
    """The declared character set fits, or none was declared and none was needed."""


@functools.lru_cache(maxsize=256)
def codec(label: str) -> str:
    """Python's name for what is sent under a label; empty if there is none.

    >>> codec('"Cp1252"'), codec("iso-gb2312"), codec("x-unknown")
    ('cp1252', 'gb18030', '')
    """
    key = re.sub(r"[^a-z0-9]", "", label.lower().removeprefix("charset="))[:40]
    if key in _LABELS:
        return _LABELS[key]
    for name in (label.strip(" \"';").lower()[:40], key):
        try:
            found = codecs.lookup(name).name
            b"a".decode(found)
        except (LookupError, ValueError, TypeError):
            continue
        return "" if found.replace("-", "_") in _REFUSED else _LABELS.get(re.sub(r"[^a-z0-9]", "", found), found)
    return ""


def decode(content: bytes, label: str = "") -> Decoded:
    """Decode as declared where that fits, else as what the bytes look like; never fails.

    >>> decode("Zähler".encode("cp1252"), "x-unknown").text
    'Zähler'
    """
    declared = codec(label) if label else ""
    if content.isascii() and not _stateful(content, declared):
        return Decoded(content.decode("ascii"), declared or "us-ascii", as_declared=True)
    for mark, charset in _BOMS:
        if content.startswith(mark):
            text = content[len(mark) :].decode(charset, "replace")
            return Decoded(text, charset, as_declared=declared in {"", charset})
    fitting = _as_declared(content, declared) or _as_utf8(content, declared) or _as_lenient(content, declared)
    if fitting:
        return fitting
    guessed = guess(content)
    return Decoded(_lenient(content, guessed), guessed, as_declared=not label)


def _stateful(content: bytes, declared: str) -> bool:
    """Whether plain ASCII bytes may mean something else."""
    return b"\x1b" in content or b"\x00" in content or declared in {"utf-7", "hz"}


def _as_declared(content: bytes, declared: str) -> Decoded | None:
    if not declared or (declared == "cp1252" and _is_utf8(content)):
        return None
    if declared.startswith(("utf-16", "utf-32", "utf_16", "utf_32")) and b"\x00" not in content[:200]:
        return None
    try:
        text = content.decode(declared)
        if declared == "utf-7":  # The one codec that lets half a surrogate pair through.
            text = text.encode("utf-8", "replace").decode()
        return Decoded(text, declared, as_declared=True)
    except (UnicodeError, ValueError):
        if declared.startswith("iso2022_jp") and b"\x1b" in content:
            return Decoded(_iso_2022_jp(content), "iso-2022-jp", as_declared=True)
    return None


def _as_utf8(content: bytes, declared: str) -> Decoded | None:
    if _is_utf8(content) and b"\x00" not in content and b"\x1b$" not in content:
        return Decoded(content.decode("utf-8"), "utf-8", as_declared=declared in {"", "utf-8"})
    return None


def _as_lenient(content: bytes, declared: str) -> Decoded | None:
    """The declared set although some bytes do not fit it."""
    if declared == "cp1252":
        return Decoded(_windows_1252(content), "cp1252", as_declared=True)
    if declared == "utf-8" and _mostly_utf8(content):
        return Decoded(_mixed_utf8(content), "utf-8", as_declared=False)
    if declared in _MULTIBYTE:
        text = content.decode(declared, "replace")
        if text.count("�") * 20 < len(text):
            return Decoded(text, declared, as_declared=True)
    return None


def guess(content: bytes) -> str:
    """What undeclared bytes are encoded in, by their look; ``cp1252`` if nothing speaks for another."""
    if content.count(b"\x00") * 3 > len(content):
        return "utf-16-be" if content[:1] == b"\x00" else "utf-16-le"
    if b"\x1b$" in content or b"\x1b(I" in content:
        return "iso2022_jp_2"
    if _is_utf8(content):
        return "utf-8"
    high = b"".join(_LONE_HIGH.findall(content))
    if not high or _looks_western(content, high):
        return "cp1252"
    return _detect(content)


def _looks_western(content: bytes, high: bytes) -> bool:
    """Few high bytes, each of them a letter of western Europe: German far more often than anything else."""
    fitting = sum(byte in _LETTERS_1252 for byte in high)
    longest = max(len(run) for run in _LONE_HIGH.findall(content))
    return fitting == len(high) and longest <= 3 and len(high) * 5 < len(content)


def _detect(content: bytes) -> str:
    """Ask charset-normalizer about the stretch around the first high byte."""
    from charset_normalizer import from_bytes  # 30 ms to import, and hardly any mail needs it

    first = _LONE_HIGH.search(content)
    start = max(0, (first.start() if first else 0) - 200)
    best = from_bytes(content[start : start + _SAMPLE_BYTES]).best()
    return codec(best.encoding) or "cp1252" if best else "cp1252"


def _lenient(content: bytes, charset: str) -> str:
    if charset == "cp1252":
        return _windows_1252(content)
    if charset == "iso2022_jp_2":
        return _iso_2022_jp(content)
    return content.decode(charset, "replace")


def _windows_1252(content: bytes) -> str:
    return codecs.charmap_decode(content, "strict", _CP1252)[0]


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _mostly_utf8(content: bytes) -> bool:
    high = sum(len(run) for run in _LONE_HIGH.findall(content))
    valid = sum(len(sequence) for sequence in _UTF8_SEQUENCE.findall(content))
    return valid * 2 > high


def _mixed_utf8(content: bytes) -> str:
    """UTF-8 with stray bytes of Windows-1252, as forwarded and cut mails have them."""
    pieces = []
    end = 0
    for match in _UTF8_SEQUENCE.finditer(content):
        pieces.append(_windows_1252(content[end : match.start()]))
        pieces.append(match[0].decode("utf-8", "replace"))
        end = match.end()
    return "".join([*pieces, _windows_1252(content[end:])])


def _iso_2022_jp(content: bytes) -> str:
    """ISO-2022-JP with NEC's and IBM's extensions (CP50221): each two-byte run is read as Shift JIS (CP932)."""
    text = _ESCAPE_JIS.sub(lambda match: b"\x1b[" + _jis_run(match[0]).encode() + b"\x1b]", content)
    return re.sub(r"\x1b(?:\([BJ]|[\[\]])", "", text.decode("utf-8", "replace"))


def _jis_run(run: bytes) -> str:
    if run.startswith(b"\x1b(I"):
        return bytes(byte | 0x80 for byte in run[3:]).decode("cp932", "replace")
    if run.startswith(b"\x1b$(D"):
        body = bytes(byte | 0x80 for byte in run[4:])
        return b"".join(b"\x8f" + body[at : at + 2] for at in range(0, len(body), 2)).decode("euc_jp", "replace")
    return "".join(_jis_character(run[at : at + 2]) for at in range(3, len(run), 2))


def _jis_character(pair: bytes) -> str:
    if len(pair) < 2 or min(pair) < 0x21:
        return pair.decode("latin-1")
    row, cell = pair[0], pair[1]
    lead = ((row - 0x21) >> 1) + 0x81
    lead += 0x40 if lead > 0x9F else 0
    trail = cell + 0x7E if row % 2 == 0 else cell + 0x1F + (cell > 0x5F)
    return bytes([lead & 0xFF, trail & 0xFF]).decode("cp932", "replace")
