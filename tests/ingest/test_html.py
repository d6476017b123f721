import socket
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.html import html_to_text

CASES = sorted((Path(__file__).parents[1] / "data" / "html").glob("*.html"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_html_becomes_readable_text(path: Path) -> None:
    expected = path.with_suffix(".txt").read_text("utf-8").removesuffix("\n")
    assert html_to_text(path.read_text("utf-8")).text == expected


def test_images_are_the_content_ids_that_the_layout_names() -> None:
    html = '<img src="cid:logo@x"><td background="CID:bg%40y"><v:fill src="cid:z"/><img src="https://example.de/a.png">'
    assert html_to_text(html).images == {"logo@x", "bg@y", "z"}


def test_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    html = '<link rel=stylesheet href="http://example.de/x.css"><img src="http://example.de/x.png"><iframe src="http://a.de">'
    assert html_to_text(f"<body>{html}</iframe>Text").text == "Text"


def test_text_at_the_bottom_of_100000_nested_tags_is_read() -> None:
    for tag in ("div", "b", "table><tr><td", "ul><li", "blockquote", "span"):
        html = f"<{tag}>" * 100_000 + "tief unten"
        assert html_to_text(html).text.endswith("tief unten")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("Nur Text &amp; Ümläute", "Nur Text & Ümläute"),
        ("<p>a</p>" * 300, "\n\n".join(["a"] * 300)),
        ("<p>a" * 300, "\n\n".join(["a"] * 300)),
        ("a<br><br><br><br>b", "a\n\nb"),
        ("Soft\u00adhyphen und\u200b null", "Softhyphen und null"),
        ("<a href='https://example.de'>https://www.example.de/</a>", "https://www.example.de/"),
        ("<a href='https://boese.example'>www.example.de</a>", "www.example.de (https://boese.example)"),
        ("<a href='javascript:alert(1)'>Klick</a>", "Klick"),
        ("<a href='https://example.de/k'><div>Knopf</div></a>", "Knopf (https://example.de/k)"),
        ("<a href='http://[kaputt'>Text</a>", "Text (http://[kaputt)"),
        ("<div style='mso-hide:all'>weg</div>da", "da"),
        ("<div style='visibility:hidden'>weg</div>da", "da"),
        ("<style>p{}</style><script>x</script><title>t</title>da", "da"),
        ("<blockquote type=cite><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc"),
    ],
)
def test_small_things(html: str, text: str) -> None:
    assert html_to_text(html).text == text


@given(st.text(max_size=300))
def test_nothing_makes_reading_fail(html: str) -> None:
    html_to_text(html)


TAGS = st.sampled_from([
    "<p>", "</p>", "<div style='display:none'>", "</div>", "<table>", "<tr>", "<td>", "</td>", "</table>", "<ul>",
    "<li>", "</ul>",
    "<a href='x'>", "<a href='http://a.de/b'>", "</a>", "<blockquote>", "</blockquote>", "<pre>", "</pre>", "<br>",
    "<hr>", "text ",
    "<!--", "-->", "<b>", "</b>", "&nbsp;", "<img alt=x>", "<ol>", "</li>", "<th>", "<svg>", "<template>", "<body>",
    "</html>", "\n",
])  # fmt: skip


@given(st.lists(TAGS, max_size=40))
def test_tag_soup_never_fails(tags: list[str]) -> None:
    html_to_text("".join(tags))


@pytest.mark.parametrize(
    "piece",
    [
        "<div>x",
        "<p>x",
        "<li>x",
        "<ul><li>x",
        "<b><i>",
        "<a href=x>y",
        "<",
        "&",
        "<a href='",
        "<table><tr><td>x",
        "<br>",
        "</td>",
    ],
)
def test_html_takes_linear_time(piece: str) -> None:
    started = time.perf_counter()
    html_to_text(piece * (200_000 // len(piece)))
    assert time.perf_counter() - started < 8
