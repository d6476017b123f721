"""The font that the invisible text of a searchable PDF is set in: every character is one and the same box.

Nobody sees the boxes, since the text is written in rendering mode 3; but they have a size, because pdfium passes over
turned characters without one. The font is made here, 300 bytes, so that none has to be shipped: PDF/A wants
every font embedded (ISO 19005-2, 6.2.11.4).
"""

import struct
from collections.abc import Iterator, Mapping, Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name

ADVANCE = 0.5
"""Width of every character, in font sizes."""
DESCENT = 0.2
"""How far the font reaches below its baseline, in font sizes; the rest is above."""

_UNITS = 1000
_GLYPH = 1
"""Glyph 0 means "missing", which PDF/A forbids to show."""
_BLOCK = 100
"""Mappings a block in a CMap (Adobe technical note 5014)."""


def codes_of(texts: Sequence[str]) -> dict[str, int]:
    """A code of two bytes for each character that occurs, the same for the same texts."""
    return {character: code for code, character in enumerate(sorted(set("".join(texts))), start=1)}


def encoded(text: str, codes: Mapping[str, int]) -> bytes:
    """The text as a hexadecimal string of a content stream."""
    return b"<" + "".join(f"{codes[character]:04X}" for character in text).encode("ascii") + b">"


def font(pdf: pikepdf.Pdf, codes: Mapping[str, int]) -> pikepdf.Object:
    """The composite font (ISO 32000-1, 9.7) that gives the characters of ``codes`` when copied."""
    name = Name("/PosteingangInvisible")
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=name,
        Flags=4,
        FontBBox=Array([0, -round(DESCENT * _UNITS), round(ADVANCE * _UNITS), round((1 - DESCENT) * _UNITS)]),
        ItalicAngle=0,
        Ascent=round((1 - DESCENT) * _UNITS),
        Descent=-round(DESCENT * _UNITS),
        CapHeight=round((1 - DESCENT) * _UNITS),
        StemV=1,
        FontFile2=pdf.make_stream(truetype()),
    )
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=name,
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
        FontDescriptor=pdf.make_indirect(descriptor),
        DW=round(ADVANCE * _UNITS),
        CIDToGIDMap=pdf.make_stream(struct.pack(">H", _GLYPH) * (len(codes) + 1)),
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=name,
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(descendant)]),
            ToUnicode=pdf.make_stream(_to_unicode(codes)),
        )
    )


def truetype() -> bytes:
    """The font program: nothing and a box (OpenType 1.9, only the tables that a PDF needs)."""
    advance, ascent, descent = round(ADVANCE * _UNITS), round((1 - DESCENT) * _UNITS), -round(DESCENT * _UNITS)
    # One contour of four points on the curve, each given by its distance from the one before.
    box = struct.pack(">5hHH4B", 1, 0, descent, advance, ascent, 3, 0, 1, 1, 1, 1)
    box += struct.pack(">8h", 0, advance, 0, -advance, descent, 0, ascent - descent, 0)
    tables = {
        b"glyf": box,
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh",
            *(0x00010000, 0x00010000, 0, 0x5F0F3CF5, 0, _UNITS, 0, 0, 0, descent, advance, ascent, 0, 8, 2, 0, 0),
        ),
        b"hhea": struct.pack(">IhhhHhhhhhhhhhhhH", 0x00010000, ascent, descent, 0, advance, *([0] * 11), 1),
        b"hmtx": struct.pack(">Hhh", advance, 0, 0),
        b"loca": struct.pack(">HHH", 0, 0, len(box) // 2),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x00010000, 2, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
    }
    offset = 12 + 16 * len(tables)
    directory, body = b"", b""
    for tag, table in tables.items():
        padded = table + b"\0" * (-len(table) % 4)
        directory += struct.pack(">4sIII", tag, _checksum(padded), offset + len(body), len(table))
        body += padded
    return struct.pack(">IHHHH", 0x00010000, len(tables), 64, 2, 16 * len(tables) - 64) + directory + body


def _checksum(padded: bytes) -> int:
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF


def _to_unicode(codes: Mapping[str, int]) -> bytes:
    blocks = b"\n".join(_mappings(codes))
    return (
        b"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        b"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        b"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        + blocks
        + b"\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    )


def _mappings(codes: Mapping[str, int]) -> Iterator[bytes]:
    lines = [f"<{code:04X}> <{character.encode('utf-16-be').hex().upper()}>" for character, code in codes.items()]
    for start in range(0, len(lines), _BLOCK):
        block = lines[start : start + _BLOCK]
        yield "\n".join([f"{len(block)} beginbfchar", *block, "endbfchar"]).encode("ascii")
