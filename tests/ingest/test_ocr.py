"""Every engine keeps the same contract; the fast one reads real pages here, damaged and turned."""

import importlib
import pkgutil
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from rapidfuzz.distance import Levenshtein

from ingest import ocr, scan_damage
from ingest.levels import ink_share, levels, noise, prepare, skew
from ingest.ocr.base import Grey
from ingest.readers.letter import load_engine
from ingest.readers.pages import Reading, read_sheet
from ingest.readers.sheets import Sheet
from ingest.typeset import BaseFont, typeset
from models.message import TextSource

LETTERS = Path(__file__).parent.parent / "data" / "letters"
TRUTH: dict[str, dict[str, Any]] = tomllib.loads((LETTERS / "letters.toml").read_text("utf-8"))
ENGINES = [module.name for module in pkgutil.iter_modules(ocr.__path__) if module.name != "base"]
BLANK = np.full((1169, 827), 250, np.uint8)


@cache
def page(name: str, dpi: int = 200) -> Image.Image:
    text = (LETTERS / f"{name}.txt").read_text("utf-8")
    document = pypdfium2.PdfDocument(
        typeset([text], font=BaseFont[TRUTH[name]["font"]], size=TRUTH[name].get("size", 11))
    )
    image: Image.Image = document[0].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    document.close()
    image.info["dpi"] = (dpi, dpi)
    return image


def damaged(name: str, kind: str) -> Sheet:
    image = scan_damage.DAMAGES[kind](page(name), np.random.default_rng(7))
    return Sheet(1, np.asarray(image), scan_damage.dpi_of(image))


def bare(text: str) -> str:
    return "".join(text.replace("# ", "").split()).translate(str.maketrans("–—„“”»«", '--"""""'))


def check(reading: Reading, name: str, *, errors: float, missed: int = 0) -> None:
    """At most so many character errors in a hundred, and so many identifiers that are not exact."""
    truth, read = bare((LETTERS / f"{name}.txt").read_text("utf-8")), bare(reading.page.text)
    assert 100 * Levenshtein.distance(truth, read) / len(truth) <= errors
    wrong = [identifier for identifier in TRUTH[name]["identifiers"] if bare(identifier) not in read]
    assert len(wrong) <= missed, wrong


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_reads_nothing_on_a_blank_page_and_keeps_the_page_as_it_was(name: str) -> None:
    sheet: Grey = BLANK.copy()
    assert load_engine(name, "fast").read(sheet) == ()
    assert (sheet == BLANK).all()


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_is_a_module_with_build(name: str) -> None:
    assert callable(importlib.import_module(f"ingest.ocr.{name}").build)


def test_an_engine_is_loaded_once_in_a_process() -> None:
    assert load_engine("paddle", "fast") is load_engine("paddle", "fast")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("umzug", "skew"),
        ("abschlag", "shadow"),
        ("sepa", "coffee"),
    ],
)
def test_a_damaged_letter_is_read(name: str, kind: str) -> None:
    reading = read_sheet(damaged(name, kind), load_engine("paddle", "fast"))
    check(reading, name, errors=1.0, missed=2)
    assert reading.page.source == TextSource.ocr
    assert reading.page.rotation == 0
    assert not reading.page.blank
    assert reading.page.confidence is not None
    assert reading.page.confidence > 0.9


@pytest.mark.parametrize(("kind", "rotation"), [("upside_down", 180), ("turned_left", 90), ("turned_right", 270)])
def test_a_page_is_turned_the_right_way_up(kind: str, rotation: int) -> None:
    reading = read_sheet(damaged("gasgeruch", kind), load_engine("paddle", "fast"))
    assert reading.page.rotation == rotation
    check(reading, "gasgeruch", errors=1.0, missed=2)


def test_the_skew_is_measured_clockwise_positive() -> None:
    small = page("umzug", 150)
    for degrees in (-3.0, -0.5, 0.0, 2.0):
        turned = np.asarray(small.rotate(-degrees, resample=Image.Resampling.BICUBIC, fillcolor=255))
        assert skew(turned) == pytest.approx(degrees, abs=0.15)


def test_shadow_and_bleed_through_leave_white_paper_and_dark_ink() -> None:
    for kind in ("shadow", "bleed_through"):
        sheet = damaged("abschlag", kind)
        assert sheet.grey is not None
        clean = levels(sheet.grey)
        assert np.median(clean) >= 250
        assert np.percentile(clean, 1) < 60


def test_noise_is_measured_in_grey_values() -> None:
    random = np.random.default_rng(3)
    for strength in (2.0, 10.0, 30.0):
        grain = np.clip(random.normal(128, strength, (800, 600)), 0, 255).astype(np.uint8)
        assert noise(grain) == pytest.approx(strength, rel=0.15)


def test_blank_pages_are_told_from_pages_with_few_words() -> None:
    random = np.random.default_rng(5)
    paper = Image.fromarray(np.clip(random.normal(246, 2, (2339, 1654)), 0, 255).astype(np.uint8))
    paper.info["dpi"] = (200, 200)
    holes = scan_damage.punched(paper, random)
    document = pypdfium2.PdfDocument(typeset(["\n" * 30 + "\tDanke!"]))
    words = document[0].render(scale=200 / 72, grayscale=True).to_pil().convert("L")
    document.close()
    engine = load_engine("paddle", "fast")
    blank = [read_sheet(Sheet(1, np.asarray(image), 200), engine).page for image in (paper, holes, words)]
    assert [page.blank for page in blank] == [True, True, False]
    assert blank[2].text == "Danke!"


def test_a_large_scan_is_brought_to_the_reading_resolution() -> None:
    prepared = prepare(np.asarray(page("umzug", 300)), 300)
    assert prepared.dpi == 200
    assert prepared.grey.shape == (2339, 1654)
    assert ink_share(prepared.grey) == prepared.ink
