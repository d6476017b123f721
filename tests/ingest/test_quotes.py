import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.html import html_to_text
from ingest.readers.quotes import Split, split

DATA = Path(__file__).parents[1] / "data"
CASES = sorted((DATA / "quotes").glob("*.txt"))
FRAMES = [
    "Am 05.02.2024 um 10:12 schrieb Max Muster <max@example.com>:",
    "Am Mo., 5. Feb. 2024 um 10:12 Uhr schrieb Max Muster <\nmax@example.com>:",
    "Am Montag, 5. Februar 2024 um 10:12:33 MEZ hat Max <max@example.com> Folgendes geschrieben:",
    "Max <max@example.com> schrieb am Mo., 5. Feb. 2024, 10:12:",
    'Am 05.02.24, 10:12 schrieb "Max Muster" <max@example.com>:',
    "On Mon, Feb 5, 2024 at 10:12 AM Max Muster <max@example.com> wrote:",
    "Le lun. 5 févr. 2024 à 10:12, Max <max@example.com> a écrit :",
    "5 Şub 2024 Pzt, 10:12 tarihinde Max <max@example.com> şunu yazdı:",
    "W dniu 5.02.2024 o 10:12, Max Muster pisze:",
    "-----Ursprüngliche Nachricht-----\nVon: Max\nGesendet: Montag, 5. Februar 2024 10:12\nAn: Wir\nBetreff: Test",
    "________________________________\nVon: Max <max@example.com>\nGesendet: Montag, 5. Februar 2024\nBetreff: Test",
    "From: Max\nSent: Monday, February 5, 2024 10:12 AM\nTo: Us\nSubject: Test",
]


def own(address: str) -> bool:
    return address.endswith("@stadtwerke-musterstadt.de")


def apart(text: str, subject: str = "AW: Test") -> Split:
    return split(text, subject=subject, own=own)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_mail_is_taken_apart(path: Path) -> None:
    case = json.loads(path.with_suffix(".json").read_text("utf-8"))
    found = apart(path.read_text("utf-8"), case["subject"])
    assert found == Split(case["text"], case["quoted"], case["signature"], forwarded=case["forwarded"])


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame[:30])
@pytest.mark.parametrize("mark", ["", "> "], ids=["bare", "marked"])
def test_frame_ends_the_new_text(frame: str, mark: str) -> None:
    old = f"{mark}Alter Text.\n{mark}Noch mehr davon."
    found = apart(f"Neuer Text.\n\n{frame}\n\n{old}")
    assert (found.text, found.quoted) == ("Neuer Text.", f"{frame}\n\n{old}")


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame[:30])
def test_frame_without_text_above_leaves_something(frame: str) -> None:
    found = apart(f"{frame}\n\nAlter Text.")
    assert "Alter Text." in found.text


@pytest.mark.parametrize(
    "text",
    [
        "Am Montag komme ich vorbei:\ngegen 10 Uhr.",
        "Von: 01.01.2024\nBis: 31.12.2024\nVerbrauch: 2500 kWh",
        "Am 12.01.2024 haben Sie mir geschrieben:\nder Zähler sei defekt. Das stimmt nicht.",
        "On your remote host you can run:\n\n  telnet 127.0.0.1 52698",
        "Datum: 05.02.2024\nBetreff: Kündigung\n\nhiermit kündige ich.",
        "Alt: 123\nNeu: 456",
        "Ich danke Ihnen. Viele Grüße bestellt auch mein Mann, der übrigens Kunde 123 ist.",
    ],
)
def test_what_only_looks_like_a_frame_stays(text: str) -> None:
    assert apart(text) == Split(text, "", "", forwarded=False)


@pytest.mark.parametrize(
    ("name", "text", "signature"),
    [
        ("gmail_reply", "Hallo,\n\nder Zählerstand ist 12345.", "Viele Grüße\nAnna"),
        ("outlook_web", "Hallo,\n\nTermin passt.", ""),
        ("thunderbird", "Moin,\n\nwann kommt der Monteur?", "--\nHinnerk\n  Deichstr. 3"),
        ("gmx", "Hallo,\n\nkeine Rechnung bekommen.", ""),
        ("apple_mail", "Stand 4711", "Von meinem iPhone gesendet"),
        ("yahoo", "Welche Unterlagen?", ""),
        ("samsung", "Kein Strom!", "Von meinem Galaxy gesendet"),
        (
            "outlook_word",
            "Guten Tag,\n\nbitte ändern Sie:\n- Abschlag 95 €\n- Zahlung zum 15.",
            "Mit freundlichen Grüßen\nJ. Weber",
        ),
    ],
)
def test_html_of_mail_programs_is_taken_apart(name: str, text: str, signature: str) -> None:
    html = (DATA / "html" / f"{name}.html").read_text("utf-8")
    found = apart(html_to_text(html).text)
    assert (found.text, found.signature, found.forwarded) == (text, signature, False)
    assert found.quoted


def test_forward_of_gmail_html_holds_the_forwarded_mail() -> None:
    html = (DATA / "html" / "gmail_forward.html").read_text("utf-8")
    found = apart(html_to_text(html).text, "Fwd: Heizung")
    assert found.forwarded
    assert "bitte anschauen" in found.text
    assert "Die Heizung bleibt kalt." in found.text


def test_windows_line_ends_and_empty_mail() -> None:
    assert apart("Ja\r\n\r\n> Frage?\r\n") == Split("Ja", "> Frage?", "", forwarded=False)
    assert apart("") == apart(" \n \n") == Split("", "", "", forwarded=False)


LINES = st.sampled_from([
    "", "> alt", ">", "Hallo,", "Mit freundlichen Grüßen", "Max Muster", "-- ", "_____", "Tel. 0123 456789",
    "PS: noch etwas",
    "Von: a@example.com", "Betreff: Test", "Am 5.2.2024 schrieb Max:", "Von meinem iPhone gesendet",
    "Der Zähler steht auf 4711.",
    "-----Ursprüngliche Nachricht-----", "Danke", "HRB 4711 Amtsgericht Köln", "Anfang der weitergeleiteten Nachricht:",
])  # fmt: skip


@given(st.lists(LINES, max_size=14), st.sampled_from(["AW: x", "WG: x", "x"]))
def test_no_line_is_lost_and_text_is_never_empty(lines: list[str], subject: str) -> None:
    found = apart("\n".join(lines), subject)
    whole = f"{found.text}\n{found.quoted}\n{found.signature}"
    for line in lines:
        assert line.strip("> ") in whole
    assert bool(found.text.strip()) == any(line.strip("> ") for line in lines)


@given(st.text(max_size=400), st.text(max_size=40))
def test_nothing_makes_splitting_fail(text: str, subject: str) -> None:
    apart(text, subject)


@pytest.mark.parametrize(
    "piece",
    [
        "\n", ">\n", "> a\n", "Am 5.2. schrieb\n", "Von: a\n", "Von: a@b.de\n\n", "Gruß\n\n", "Danke\n", "-- \n",
        "_____\n", "a@",
        "<", "schrieb ", "Am ", "On ", "viele beste liebe ", "Von meinem ", "Sent from my ", "a a a ", "x: ", "-",
        "verbleibe ",
        "a\n> b\n", "<a@b.de>\n", "Ursprüngliche Nachricht\n", "---------- Forwarded message\n", "Tel: 1\n",
        "(http://x\n",
    ],
)  # fmt: skip
def test_splitting_takes_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    started = time.perf_counter()
    apart(text)
    apart(text + "\n> x", "WG: x")
    assert time.perf_counter() - started < 15
