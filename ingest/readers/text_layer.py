"""Judges the text layer of a PDF page, and takes its text if a person would see the same.

A layer may be missing, wrong (no ToUnicode), made of single spaced letters, or left by a scanner that read the page
upside down. The judgement is made for each page with pypdfium2, which draws nothing for it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FULL_PAGE = 0.7
"""Share of the page that a picture covers when the page is a scan."""
GOOD = 0.6
_MIN_CHARACTERS = 20

_COMMON = frozenset(
    re.findall(
        r"\w+",
        "der die das und ich sie ihr ihre ihnen mit von vom zu zum zur am im in den dem des ein eine "
        "einen einer eines ist sind war wird wir uns mein meine meinen meiner nicht auf für bei bis als "
        "aus an auch es dass oder nach um bitte sehr geehrte damen herren freundlichen grüßen hiermit "
        "über seit haben habe hat kann nur noch wie so da the of and to for is with your our you this "
        "that are on",
    )
)
_UNITS = frozenset(["kwh", "mwh", "kw", "kwp", "kva", "ct", "nr", "str", "gmbh", "kg", "cbm", "mm", "km", "qm"])
_NUMBER = re.compile(r"[\d.,:;/+–*()€%-]*\d[\d.,:;/+–*()€%-]*|[€%–·|+-]+")
_CID = re.compile(r"\(cid:\d+\)")
_VOWEL = re.compile("[aeiouyäöü]")
_CONSONANTS = re.compile("[bcdfghjklmnpqrstvwxzß]{6}")


@dataclass(frozen=True, slots=True)
class Layer:
    """What is known of a page's text layer."""

    text: str
    quality: float
    """0 to 1: how much it looks like what people write."""
    pictures: float
    """Share of the page that its largest picture covers, 0 to 1."""

    @property
    def is_scan(self) -> bool:
        """The page is one picture."""
        return self.pictures > FULL_PAGE

    @property
    def is_good(self) -> bool:
        """The text can be taken as it is."""
        return not self.is_scan and self.quality >= GOOD


def quality(text: str) -> float:
    """How much a text looks like readable German (or English) business prose, 0 to 1.

    >>> quality("Sehr geehrte Damen und Herren, hiermit kündige ich den Vertrag für mein Haus.") > 0.9
    True
    >>> quality("S e h r  g e e h r t e  D a m e n  u n d  H e r r e n") < 0.3
    True
    """
    words = text.split()
    if len(text.strip()) < _MIN_CHARACTERS or not words:
        return 0.0
    bad = sum(_is_bad(character) for character in text) / len(text)
    unnamed = len(_CID.findall(text)) * 6 / len(text)
    single = sum(len(word) == 1 and word.isalpha() for word in words) / len(words)
    stripped = [word.strip('.,;:!?()"„“–-').lower() for word in words if not _NUMBER.fullmatch(word)]
    letters = [word for word in stripped if word.isalpha()]
    plausible = [w for w in letters if w in _UNITS or (_VOWEL.search(w) and not _CONSONANTS.search(w))]
    common = sum(word in _COMMON for word in letters) / max(1, len(letters))
    value = 1.0 - min(1.0, bad * 10 + unnamed)
    value -= max(0.0, single - 0.12) * 2
    value -= max(0.0, 0.8 - len(plausible) / max(1, len(letters))) * 1.5
    # Lists and bills have few small words; only real prose can be asked for them.
    value -= max(0.0, 0.10 - common) * 3 if len(letters) > 25 else 0.0
    value -= max(0.0, 0.45 - len(letters) / max(1, len(stripped)))
    return max(0.0, value)


def _is_bad(character: str) -> bool:
    """Replacement characters, private use, control characters: what a missing ToUnicode leaves."""
    code = ord(character)
    return (
        character in "�￾￿"
        or 0xE000 <= code <= 0xF8FF
        or (code < 32 and character not in "\r\n\t")
        or 0x80 <= code < 0xA0
    )


def probe(page: Any) -> Layer:
    """Look at a page of pypdfium2 without drawing it."""
    textpage = page.get_textpage()
    try:
        text = textpage.get_text_bounded()
    finally:
        textpage.close()
    return Layer(text, quality(text), _largest_picture(page))


def has_drawings(page: Any) -> bool:
    """Whether there is more on a page than text: only then a barcode can be on it."""
    import pypdfium2.raw as pdfium_c

    kinds = [pdfium_c.FPDF_PAGEOBJ_IMAGE, pdfium_c.FPDF_PAGEOBJ_PATH, pdfium_c.FPDF_PAGEOBJ_SHADING]
    return next(iter(page.get_objects(filter=kinds, max_depth=4)), None) is not None


def picture_sizes(page: Any) -> Iterator[tuple[int, int]]:
    """Width and height in pixels of each picture of a page, as declared: nothing is decoded."""
    import pypdfium2.raw as pdfium_c

    for item in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        yield item.get_px_size()


def _largest_picture(page: Any) -> float:
    import pypdfium2.raw as pdfium_c

    width, height = page.get_size()
    largest = 0.0
    for item in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        left, bottom, right, top = item.get_bounds()
        covered = max(0.0, min(right, width) - max(left, 0.0)) * max(0.0, min(top, height) - max(bottom, 0.0))
        largest = max(largest, covered / max(1.0, width * height))
    return largest
