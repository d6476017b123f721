import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.segments import Part, core_text, segment, text_for_concerns


def parts(text: str) -> list[tuple[str, str]]:
    return [(each.part.value, text[each.start : each.end].strip()) for each in segment(text)]


def test_mail_with_greeting_signature_and_disclaimer() -> None:
    text = (
        "Sehr geehrte Damen und Herren,\n\n"
        "bitte senken Sie meinen Abschlag auf 80 Euro.\n\n"
        "Mit freundlichen Grüßen\n"
        "Gertrud Holzapfel\nWiescherstr. 130\n44652 Herne\n\n"
        "Diese E-Mail enthält vertrauliche und/oder rechtlich geschützte Informationen. Wenn Sie nicht der richtige\n"
        "Adressat sind, informieren Sie bitte sofort den Absender und vernichten Sie diese Mail.\n"
    )
    assert parts(text) == [
        ("salutation", "Sehr geehrte Damen und Herren,"),
        ("body", "bitte senken Sie meinen Abschlag auf 80 Euro."),
        ("closing", "Mit freundlichen Grüßen"),
        ("signature", "Gertrud Holzapfel\nWiescherstr. 130\n44652 Herne"),
        ("disclaimer", text[text.index("Diese E-Mail") :].strip()),
    ]


def test_letter_keeps_its_subject_line_and_loses_the_addresses() -> None:
    text = (
        "Wilhelm Trappmann\nLange Reihe 8\n59192 Bergkamen\n\nStadtwerke Bergkamen\nPostfach 12\n59179 Bergkamen\n\n"
        "5.3.2026\n\nEinspruch gegen die Rechnung\n\nSehr geehrte Damen und Herren,\n"
        "ich habe die Rechnung erhalten und bezahle sie nicht.\n\nHochachtungsvoll\nW. Trappmann\n"
    )
    found = parts(text)
    assert found[0][0] == "letterhead"
    assert ("body", "Einspruch gegen die Rechnung") in found
    assert core_text(text).startswith("Einspruch gegen die Rechnung\n")
    assert "59192" not in core_text(text)


@pytest.mark.parametrize(
    ("line", "salutation"),
    [
        ("Hallo, bei uns ist der Strom weg.", "Hallo,"),
        ("hallo bei uns ist der strom weg", "hallo"),
        ("Hallo laut Rechnung vom 20.01. bekomm ich Geld, wann?", "Hallo"),
        ("Guten Tag Frau Meier-Lüdenscheid, der Zähler steht.", "Guten Tag Frau Meier-Lüdenscheid,"),
        ("Liebes Team der Stadtwerke!", "Liebes Team der Stadtwerke!"),
        ("Dear Sir or Madam,", "Dear Sir or Madam,"),
        ("Sayın Yetkili,", "Sayın Yetkili,"),
        ("Szanowni Państwo,", "Szanowni Państwo,"),
        ("Доброго дня,", "Доброго дня,"),
        ("السلام عليكم،", "السلام عليكم"),
    ],
)
def test_only_the_salutation_is_cut_from_a_line(line: str, salutation: str) -> None:
    assert parts(f"{line}\nDanach kommt noch etwas.")[0] == ("salutation", salutation)


@pytest.mark.parametrize(
    "closing",
    [
        "MfG Hans Müller", "LG Denise", "Viele Grüße", "Mit freundlichem Gruß", "Hochachtungsvoll", "Kind regards",
        "Saygılarımla", "Z poważaniem", "З повагою", "Freundliche Grüsse", "Mit freundlichen GrüBen", "Gruss Kalle",
    ],
)  # fmt: skip
def test_closings_of_many_languages_and_what_stands_below(closing: str) -> None:
    text = f"Der Zähler wurde nicht getauscht.\n\n{closing}\nAbteilung Einkauf\n0231 884509\n"
    assert parts(text) == [
        ("body", "Der Zähler wurde nicht getauscht."),
        ("closing", closing),
        ("signature", "Abteilung Einkauf\n0231 884509"),
    ]


def test_closing_in_the_last_line_of_the_text() -> None:
    assert parts("Die Laterne ist dunkel. Gruß M. Dziuk") == [
        ("body", "Die Laterne ist dunkel."),
        ("closing", "Gruß M. Dziuk"),
    ]


def test_postscript_and_prose_below_the_closing_stay() -> None:
    text = "Ich ziehe um.\n\nViele Grüße\nRamona\n\nPS: Der Abschlag ist auch zu hoch.\n"
    assert core_text(text) == "Ich ziehe um.\n\nPS: Der Abschlag ist auch zu hoch."


def test_name_and_numbers_at_the_end_are_a_signature_without_any_closing() -> None:
    text = "Zieh am 31.3. aus.\nEndabrechnung bitte an Vohwinkeler Str. 88\nTorsten Rademacher\nKdnr 30774126\n"
    assert parts(text) == [
        ("body", "Zieh am 31.3. aus.\nEndabrechnung bitte an Vohwinkeler Str. 88"),
        ("signature", "Torsten Rademacher\nKdnr 30774126"),
    ]


def test_quoted_mail_below_is_not_read_twice() -> None:
    text = (
        "Da hab ich einen Zahlendreher drin, richtig ist 17.485.\n\n"
        "Am 05.01.2026 um 05:14 schrieb Kundenportal:\n> vielen Dank für Ihre Kündigung.\n> Ihr Team\n"
    )
    assert core_text(text) == "Da hab ich einen Zahlendreher drin, richtig ist 17.485."
    assert [part for part, _ in parts(text)] == ["body", "quoted"]


def test_answers_between_quoted_lines_stay() -> None:
    text = (
        "On 5 Jan 2026 support wrote:\n> Which meter do you mean?\nThe one for gas in the cellar.\n> And the reading?\n"
        "It shows 4711 now.\n"
    )
    assert core_text(text) == "The one for gas in the cellar.\nIt shows 4711 now."


def test_headers_of_outlook_begin_a_quote() -> None:
    text = (
        "Bitte dringend erledigen, das liegt seit Wochen.\n\nVon: Stadtwerke <info@sw.example>\nGesendet: Montag\n"
        "An: Meier\nBetreff: Ihre Kündigung\n\nGuten Tag,\nwir haben Ihre Kündigung erhalten.\n"
    )
    assert core_text(text) == "Bitte dringend erledigen, das liegt seit Wochen."


def test_forwarded_mail_is_read_where_nothing_was_added() -> None:
    text = (
        "FYI\n\n-----Ursprüngliche Nachricht-----\nVon: a@b.example\nGesendet: Montag\nAn: c@d.example\n"
        "Betreff: Rohr\n\nSehr geehrte Damen und Herren,\nunser Hausanschluss ist undicht.\n\nMit freundlichen Grüßen\n"
        "X Y\n"
    )
    assert "unser Hausanschluss ist undicht." in core_text(text)
    assert "Grüßen" not in core_text(text)


@pytest.mark.parametrize("text", ["Hallo", "12345", "", "Name: Meier\nOrt: Herne"])
def test_where_nothing_would_be_left_everything_is_read(text: str) -> None:
    assert core_text(text) == text


def test_device_lines_are_no_part_of_the_message() -> None:
    text = "Der Strom ist weg seit acht Uhr.\n\nVon meinem iPhone gesendet"
    assert core_text(text) == "Der Strom ist weg seit acht Uhr."


def test_a_message_about_a_disclaimer_is_not_one() -> None:
    text = "Ich habe vertrauliche Informationen eines anderen Empfängers erhalten, nämlich seine Rechnung."
    assert core_text(text) == text


def test_fields_of_a_web_form_about_the_sender_are_cut() -> None:
    text = (
        "Name: Jana Potthoff\nE-Mail: jana@example.org\nPLZ: 46240\nThema: Abschlag\n"
        "Nachricht: Der Abschlag ist viel zu hoch.\n"
    )
    assert core_text(text) == "Thema: Abschlag\nNachricht: Der Abschlag ist viel zu hoch."


def test_words_divided_at_line_ends_are_whole_again_and_compounds_stay() -> None:
    body = "Der neue Zähler-\nstand ist da, Strom- und Gaspreis auch im Mehrfamilien-\nHaus."
    text = text_for_concerns("AW: WG: [Ticket#47] Ablesung", body)
    assert text == "Ablesung\nDer neue Zählerstand ist da, Strom- und Gaspreis auch im Mehrfamilien-\nHaus."


@given(st.text(alphabet=st.sampled_from(list("aä .,!?:\n->@0-Grüß")), max_size=300))
def test_segments_cover_the_text_without_gaps(text: str) -> None:
    segments = segment(text)
    assert "".join(text[each.start : each.end] for each in segments) == text
    assert all(isinstance(each.part, Part) for each in segments)
    core_text(text)


@pytest.mark.parametrize("piece", ["@", "-", " ", "Gruß ", ">", "a.", "1", ": ", "Vertrags.", "\n", "von: x\n", ". "])
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * 100_000)[:100_000] + " x"
    began = time.process_time()
    text_for_concerns(text, text)
    assert time.process_time() - began < 3
