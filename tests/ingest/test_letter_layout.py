"""Reading order: columns one after the other, tables row by row, crooked pages as if they were straight."""

import math

from ingest.layout import rows, text_of
from ingest.ocr.base import Line

SIZE = (1000.0, 1400.0)


def line(text: str, left: float, top: float, *, width: float = 0, skew: float = 0.0) -> Line:
    width = width or len(text) * 10
    corners = [(left, top), (left + width, top), (left + width, top + 24), (left, top + 24)]
    cosine, sine = math.cos(math.radians(skew)), math.sin(math.radians(skew))
    turned = [
        ((x - 500) * cosine - (y - 700) * sine + 500, (x - 500) * sine + (y - 700) * cosine + 700) for x, y in corners
    ]
    return Line(text, (turned[0], turned[1], turned[2], turned[3]), 0.99)


def test_lines_are_read_from_top_to_bottom_with_blank_lines_between_paragraphs() -> None:
    lines = [line("dritte", 100, 260), line("erste", 100, 100), line("zweite", 100, 130), line("vierte", 100, 290)]
    assert text_of(rows(lines, SIZE)) == "erste\nzweite\n\ndritte\nvierte"


def test_a_table_is_read_row_by_row() -> None:
    lines = [
        line(f"{column}{n}", left, 100 + 30 * n)
        for column, left in (("Gas", 100), ("kWh", 500), ("Euro", 800))
        for n in range(8)
    ]
    assert text_of(rows(lines, SIZE)).split("\n")[:2] == ["Gas0\tkWh0\tEuro0", "Gas1\tkWh1\tEuro1"]


def test_two_columns_of_prose_are_read_one_after_the_other() -> None:
    left = [line(f"links steht in Zeile {n} dieser Satz", 60, 100 + 30 * n) for n in range(9)]
    right = [line(f"rechts in Zeile {n} steht etwas anderes", 540, 100 + 30 * n) for n in range(9)]
    read = text_of(rows([*right, *left], SIZE)).split("\n")
    assert [text for text in read if text] == [item.text for item in (*left, *right)]


def test_a_page_that_is_three_degrees_crooked_is_read_as_if_it_were_straight() -> None:
    lines = [
        line(text, left, 100 + 32 * n, width=360, skew=3.0)
        for n in range(20)
        for text, left in ((f"links {n}", 60), (f"rechts {n}", 480))
    ]
    read = text_of(rows(lines, SIZE, skew=3.0)).split("\n")
    assert read == [f"links {n}\trechts {n}" for n in range(20)]


def test_pieces_of_one_sentence_become_one_line() -> None:
    lines = [line("Der Zähler", 100, 100), line("1EMH0012847705", 212, 102), line("steht still.", 365, 99)]
    assert text_of(rows(lines, SIZE)) == "Der Zähler 1EMH0012847705 steht still."


def test_nothing_read_is_no_row() -> None:
    assert rows([], SIZE) == ()
