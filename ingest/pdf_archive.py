"""Marks a PDF as PDF/A-2b (ISO 19005-2) where nothing that can be told speaks against it.

What is there is never changed for it: a file with a font that is not embedded, a script or a password stays a plain
PDF.
"""

import struct
from collections.abc import Iterator
from functools import cache

import pikepdf
from pikepdf import Array, Dictionary, Name

_FORBIDDEN_KEYS = frozenset({"/JavaScript", "/JS", "/Launch", "/EmbeddedFiles", "/XFA", "/AA"})
_FORBIDDEN_FILTERS = frozenset({"/LZWDecode", "/Crypt"})
_FORBIDDEN_TYPES = frozenset({"/JavaScript", "/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/Hide"})
# Primaries of sRGB adapted to the white of profiles (D50), as in the profile that the ICC publishes.
_WHITE = (0.9642, 1.0, 0.8249)
_PRIMARIES = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
_CURVE_POINTS = 256


def mark_as_archive(pdf: pikepdf.Pdf) -> tuple[str, ...]:
    """Add colour profile and metadata of PDF/A-2b.

    Returns:
        Why the file cannot be PDF/A; it is then left without the claim.
    """
    obstacles = tuple(dict.fromkeys(_obstacles(pdf)))
    if obstacles:
        return obstacles
    if Name.OutputIntents not in pdf.Root:
        profile = pdf.make_stream(srgb(), N=3)
        intent = Dictionary(
            Type=Name.OutputIntent,
            S=Name.GTS_PDFA1,
            OutputConditionIdentifier="sRGB IEC61966-2.1",
            DestOutputProfile=profile,
        )
        pdf.Root.OutputIntents = pdf.make_indirect(Array([pdf.make_indirect(intent)]))
    with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
        # What both places say must be the same (6.6.3).
        metadata.load_from_docinfo(pdf.docinfo)
        metadata["pdfaid:part"] = "2"
        metadata["pdfaid:conformance"] = "B"
    return ()


@cache
def srgb() -> bytes:
    """The colour space of screens (IEC 61966-2-1) as a profile of version 2.1 (ICC.1:1998-09); grey is part of it."""
    curve = b"curv\0\0\0\0" + struct.pack(f">I{_CURVE_POINTS}H", _CURVE_POINTS, *(_linear(n) for n in range(256)))
    tags = {
        b"desc": _description(b"sRGB"),
        b"cprt": b"text\0\0\0\0CC0\0",
        b"wtpt": _xyz(_WHITE),
        **{tag: _xyz(primary) for tag, primary in _PRIMARIES.items()},
        b"rTRC": curve,
    }
    offset = 128 + 4 + 12 * (len(tags) + 2)
    table, body = b"", b""
    for tag, data in tags.items():
        table += struct.pack(">4sII", tag, offset + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    # All three colours share one curve.
    place = table[-8:]
    table += b"gTRC" + place + b"bTRC" + place
    size = offset + len(body)
    header = struct.pack(
        ">I4sI4s4s4s6H4s4sIIIQI3i4s44x",
        *(size, b"\0\0\0\0", 0x02100000, b"mntr", b"RGB ", b"XYZ "),
        *(2026, 1, 1, 0, 0, 0),
        *(b"acsp", b"\0\0\0\0", 0, 0, 0, 0, 0),
        *(round(value * 65536) for value in _WHITE),
        b"\0\0\0\0",
    )
    return header + struct.pack(">I", len(tags) + 2) + table + body


def _linear(value: int) -> int:
    """The light that a value of 8 bits stands for, in 16 bits."""
    share = value / 255
    light = share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
    return round(light * 65535)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _description(name: bytes) -> bytes:
    """A textDescriptionType (ICC.1:1998-09, 6.5.17) in ASCII only."""
    return b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name + b"\0" + b"\0" * (4 + 4 + 2 + 1 + 67)


def _obstacles(pdf: pikepdf.Pdf) -> Iterator[str]:
    if pdf.is_encrypted:
        yield "it is encrypted"
    for item in pdf.objects:
        if isinstance(item, Dictionary | pikepdf.Stream):
            yield from _obstacles_in(item)


def _obstacles_in(item: pikepdf.Object) -> Iterator[str]:
    keys = set(item.keys())
    for key in sorted(keys & _FORBIDDEN_KEYS):
        yield f"it has {key[1:]}"
    if str(item.get("/S", "")) in _FORBIDDEN_TYPES:
        yield f"it has an action {item.S}"
    if _filters(item) & _FORBIDDEN_FILTERS:
        yield "a stream is compressed in a forbidden way"
    if item.get("/Type") == Name.FontDescriptor and not keys & {"/FontFile", "/FontFile2", "/FontFile3"}:
        yield "a font is not embedded"
    if item.get("/Type") == Name.Font and _is_bare(item):
        yield "a font is not embedded"
    if item.get("/Subtype") == Name.Image and item.get("/ColorSpace") == Name.DeviceCMYK:
        yield "a picture has colours of an unknown printer"
    if item.get("/Subtype") == Name.Image and item.get("/Interpolate", False):
        yield "a picture is interpolated"


def _is_bare(item: pikepdf.Object) -> bool:
    """One of the fourteen fonts that viewers bring along."""
    return str(item.get("/Subtype")) in ("/Type1", "/TrueType") and "/FontDescriptor" not in item


def _filters(item: pikepdf.Object) -> set[str]:
    named = item.get("/Filter")
    if named is None:
        return set()
    return {str(one) for one in named} if isinstance(named, Array) else {str(named)}
