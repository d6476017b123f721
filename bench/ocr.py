"""How well and how fast letters are read, for every kind of damage: ``python -m bench.ocr --speed exact``.

Prints character errors (blanks and the kind of dash apart), identifiers read exactly, pages turned the right way,
sender, subject and date found, CPU seconds a page, and the peak memory of the process. The letters are those of
``tests/data/letters``, printed in the base fonts of PDF and in any TrueType fonts of ``--fonts``.
"""

import argparse
import dataclasses
import io
import re
import resource
import time
import tomllib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein

from ingest import typeset
from ingest.readers import letter
from ingest.readers.base import Context, ReaderSettings
from ingest.scan_damage import DAMAGES
from models.config import Ocr, Utility
from models.message import Channel, Message, Original

LETTERS = Path(__file__).parent.parent / "tests" / "data" / "letters"
DPI = 300
UTILITY = Utility(
    name="Stadtwerke Musterstadt",
    postal_address=("Stadtwerke Musterstadt GmbH", "Am Wasserturm 1", "47799 Musterstadt"),
)
_ROTATIONS = {"upside_down": 180, "turned_left": 90, "turned_right": 270}
# What no engine can tell apart on paper, or has no letter for.
_ALIKE = str.maketrans("–—„“”’‘‚»«•", '--"""\'\'\'""·')


@dataclasses.dataclass(slots=True)
class Tally:
    """Sums over some pages."""

    pages: int = 0
    errors: int = 0
    characters: int = 0
    identifiers: int = 0
    identifiers_read: int = 0
    turned_right: int = 0
    parts: int = 0
    """Of sender, subject and date, how many are exactly right."""
    seconds: float = 0.0

    def add(self, other: "Tally") -> None:
        """Add the sums of another."""
        for name in (field.name for field in dataclasses.fields(self)):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def row(self, name: str) -> str:
        """As a line of the table."""
        return (
            f"{name:14} {self.pages:5} {100 * self.errors / max(1, self.characters):6.2f} "
            f"{100 * self.identifiers_read / max(1, self.identifiers):6.1f} {self.turned_right:4}/{self.pages:<4} "
            f"{100 * self.parts / max(1, 3 * self.pages):6.1f} {self.seconds / max(1, self.pages):7.2f}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", choices=("fast", "exact"), default="exact")
    parser.add_argument("--engine", default="paddle")
    parser.add_argument("--kinds", nargs="*", default=list(DAMAGES))
    parser.add_argument("--letters", type=int, default=0, help="only so many letters; 0 for all")
    parser.add_argument("--fonts", type=Path, help="folder with TrueType fonts to print in as well")
    parser.add_argument("--verbose", action="store_true", help="name the identifiers that were missed")
    options = parser.parse_args()
    context = Context(
        ReaderSettings(utility=UTILITY, ocr=Ocr(engine=options.engine, speed=options.speed)), lambda *_: None
    )
    truth = tomllib.loads((LETTERS / "letters.toml").read_text("utf-8"))
    names = list(truth)[: options.letters or None]
    fonts = sorted(options.fonts.rglob("*.[to]tf")) if options.fonts else []
    print(f"{'damage':14} pages  CER %  ids %  turned  parts % CPU s/page")
    total = Tally()
    for kind in options.kinds:
        tally = Tally()
        for name in names:
            tally.add(_measure(kind, name, truth[name], fonts, context, options.verbose))
        print(tally.row(kind), flush=True)
        total.add(tally)
    print(total.row("all"))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _measure(
    kind: str,
    name: str,
    wanted: Mapping[str, Any],
    fonts: Sequence[Path],
    context: Context,
    verbose: bool,
) -> Tally:
    seed = zlib.crc32(f"{kind} {name}".encode())
    page = print_letter(name, wanted, fonts, seed)
    damaged = DAMAGES[kind](page, np.random.default_rng(seed))
    content = as_png(damaged)
    before = time.process_time()
    message = letter.read(content, Original("", Channel.letter), context)
    seconds = time.process_time() - before
    tally = compare(message, (LETTERS / f"{name}.txt").read_text("utf-8"), wanted, verbose=f"{kind} {name}" * verbose)
    tally.seconds = seconds
    tally.turned_right = int(message.pages[0].rotation == _ROTATIONS.get(kind, 0))
    return tally


def print_letter(name: str, wanted: Mapping[str, Any], fonts: Sequence[Path], seed: int) -> Image.Image:
    """The letter as a clean page of 300 dpi; the seed chooses among its own font and ``fonts``."""
    text = (LETTERS / f"{name}.txt").read_text("utf-8")
    choice = seed % (len(fonts) + 1)
    if choice:
        return _drawn(text, fonts[choice - 1])
    content = typeset.typeset([text], font=typeset.BaseFont[wanted["font"]], size=wanted.get("size", 11))
    document = pypdfium2.PdfDocument(content)
    image: Image.Image = document[0].render(scale=DPI / 72, grayscale=True).to_pil().convert("L")
    document.close()
    image.info["dpi"] = (DPI, DPI)
    return image


def _drawn(text: str, path: Path) -> Image.Image:
    scale = DPI / 72
    size = 9.0 if "Mono" in path.name else 10.0
    font = ImageFont.truetype(str(path), round(size * scale))
    page = Image.new("L", (round(typeset.PAGE_WIDTH * scale), round(typeset.PAGE_HEIGHT * scale)), 255)
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(text.splitlines()):
        for column, part in enumerate(line.removeprefix("# ").split("\t")):
            x = typeset.column_left(column) * scale
            pen.text((x, (typeset.TOP_MARGIN + number * size * typeset.LEADING) * scale), part, font=font, fill=0)
    page.info["dpi"] = (DPI, DPI)
    return page


def as_png(image: Image.Image) -> bytes:
    """The file that a scanner would write."""
    out = io.BytesIO()
    image.save(out, "PNG", dpi=image.info["dpi"], compress_level=1)
    return out.getvalue()


def compare(message: Message, text: str, wanted: Mapping[str, Any], *, verbose: str = "") -> Tally:
    """Compare what was read with what stands on the paper."""
    truth, read = bare(text.replace("# ", "")), bare(message.full_text)
    missed = [identifier for identifier in wanted["identifiers"] if bare(identifier) not in read]
    if verbose and missed:
        print(f"  {verbose}: {missed}")
    return Tally(
        pages=1,
        errors=Levenshtein.distance(truth, read),
        characters=len(truth),
        identifiers=len(wanted["identifiers"]),
        identifiers_read=len(wanted["identifiers"]) - len(missed),
        parts=sum(_parts(message, wanted)),
    )


def _parts(message: Message, wanted: Mapping[str, Any]) -> Iterable[bool]:
    yield bare(message.subject) == bare(wanted["subject"])
    yield message.sent_at is not None and message.sent_at.date() == wanted["date"]
    yield message.from_ is not None and bare(message.from_.name) == bare(wanted["sender"])


def bare(text: str) -> str:
    """Without blanks, and with one kind of dash and quotation mark."""
    return re.sub(r"\s+", "", text).translate(_ALIKE)


if __name__ == "__main__":
    main()
