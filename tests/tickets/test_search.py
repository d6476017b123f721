"""Search finds what agents mean, on both databases the same, and shows it in its sentence."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from models.classification import Check, Mention
from models.errors import RefusedError
from models.message import Address, Attachment
from models.status import Status
from tests.tickets.cases import NOW, filed, found, letter, mail
from tickets.search import fold, snippet, terms
from tickets.store import Store, TicketFilter


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Straße STRASSE straße", "strasse strasse strasse"),
        ("Müller Mueller Mu\u0308ller", "mueller mueller mueller"),
        ("Özgür Şahin, İstanbul, ılık", "oezguer sahin istanbul ilik"),
        ("café naïve Łódź", "cafe naive lodz"),
        ("ﬁnden ½ ①", "finden 1 2 1"),
        ("Jahres-\nabrechnung und Strom-\nund Gasvertrag", "jahresabrechnung und strom und gasvertrag"),
        ("Ab\u00adschlag Null\u200bbreite", "abschlag nullbreite"),
        ("DE02 1203-0000", "de02 1203 0000"),
        ("50%_x\\", "50 x"),
        ("", ""),
    ],
)
def test_folding(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(st.text())
def test_folding_again_changes_nothing_and_leaves_no_wildcard(written: str) -> None:
    folded = fold(written)
    assert fold(folded) == folded
    assert not set(folded) & set("%_\\'\"*")


@given(st.text(max_size=200), st.text(min_size=1, max_size=20))
def test_a_snippet_shows_what_folds_to_the_term(written: str, query: str) -> None:
    try:
        wanted = terms(query)
    except RefusedError:
        return
    shown = snippet(written, query)
    for start, end in shown.hits:
        assert any(term in fold(shown.text[start:end]) for term in wanted)


@pytest.fixture
def archive(store: Store) -> Store:
    """Five tickets."""
    filed(store, mail("Die Jahresabrechnung für die Hauptstraße 5 stimmt nicht.", subject="Rechnung prüfen"))
    filed(store, mail("Bitte EC-Karte sperren, ich bin Frau Müller.", sender_address="mueller@web.example"))
    filed(store, letter("Der Zähler 4711-0815 wurde getauscht.\nBitte um Jahres-\nabrechnung."))
    picture = Attachment("Ablesung.pdf", "application/pdf", 1, "0" * 64, inline=False, text="Ablesekarte Wasserzähler")
    iban = Mention("iban", "DE02 1203 0000 0000 2020 51", "DE02120300000000202051", Check.valid, 0, 5)
    filed(store, mail("Anbei.", attachments=(picture,)), found(mentions=(iban,)))
    filed(store, mail("Merhaba, fatura çok yüksek.", from_=Address("Özgür Şahin", "oezguer@web.example")))
    return store


@pytest.mark.parametrize(
    ("query", "tickets"),
    [
        ("jahresabrechnung", [3, 1]),
        ("abrechnung", [3, 1]),
        ("HAUPTSTRASSE", [1]),
        ("strasse abrechnung", [1]),
        ("prüfen", [1]),
        ("pruefen", [1]),
        ("mueller", [2]),
        ("Müller", [2]),
        ("ec", [2]),
        ("5", [1]),
        ("e", []),
        ("4711-0815", [3]),
        ("4711 0815", [3]),
        ('"zaehler 4711"', [3]),
        ('"4711 zaehler"', []),
        ("wasserzähler", [4]),
        ("ablesung.pdf", [4]),
        ("DE02120300000000202051", [4]),
        ("sahin", [5]),
        ("çok", [5]),
        ("anna@kunde.example", [4, 1]),
        ("' OR 1=1 --", []),
        ("%", None),
        ("", None),
    ],
)
def test_what_is_found(archive: Store, query: str, tickets: list[int] | None) -> None:
    if tickets is None:
        with pytest.raises(RefusedError, match="nothing to look for"):
            archive.search(query)
    else:
        assert [hit.ticket.id for hit in archive.search(query).hits] == tickets


def test_the_hit_is_shown_in_its_sentence(archive: Store) -> None:
    (later, first) = archive.search("abrechnung").hits
    start, end = first.snippet.hits[0]
    assert first.snippet.text == "Rechnung prüfen Die Jahresabrechnung für die Hauptstraße 5 stimmt nicht."
    assert first.snippet.text[start:end] == "abrechnung"
    assert "Bitte um Jahresabrechnung." in later.snippet.text
    (number,) = archive.search("DE02120300000000202051").hits
    assert (number.snippet.text, number.snippet.hits) == ("Abschlag Anbei.", ())


def test_long_texts_are_cut_around_the_hit() -> None:
    shown = snippet("x " * 500 + "Die Straße ist dunkel " + "y " * 500, "strasse dunkel", width=30)
    assert [shown.text[start:end] for start, end in shown.hits] == ["Straße", "dunkel"]
    assert len(shown.text) <= 70


def test_pages_of_hits_neither_skip_nor_repeat(store: Store) -> None:
    first = mail("Strom seit gestern weg")
    filed(store, first)
    for number in range(5):
        filed(store, mail(f"Strom {number}", sender_address=f"k{number}@x.example"))
    filed(store, mail("Strom noch immer weg", in_reply_to=first.message_id))
    seen, after = [], ""
    while True:
        page = store.search("strom", limit=2, after=after)
        seen += [hit.ticket.id for hit in page.hits]
        after = page.next
        if not after:
            break
    # The first ticket's latest entry came last.
    assert seen == [1, 6, 5, 4, 3, 2]
    with pytest.raises(RefusedError, match="no place in a list"):
        store.search("strom", after="x")


def test_search_takes_the_filters_of_lists_and_finds_closed_tickets(archive: Store) -> None:
    archive.close_ticket(1, "", "berta", NOW)
    assert [hit.ticket.id for hit in archive.search("abrechnung").hits] == [3, 1]
    still_open = TicketFilter(frozenset({Status.new}))
    assert [hit.ticket.id for hit in archive.search("abrechnung", still_open).hits] == [3]
    overdue = TicketFilter(due_before=dt.date(2026, 1, 1))
    assert archive.search("abrechnung", overdue).hits == ()


def test_both_databases_answer_from_the_index(store: Store) -> None:
    with store._engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            plan = connection.execute(text("EXPLAIN QUERY PLAN SELECT rowid FROM trigram WHERE text LIKE '%abre%'"))
            wanted = "VIRTUAL TABLE INDEX 0:L0"
        else:
            connection.execute(text("SET enable_seqscan = off"))
            plan = connection.execute(text("EXPLAIN SELECT entry_id FROM trigram WHERE text LIKE '% ec %'"))
            wanted = "ix_trigram_text"
        assert wanted in "\n".join(str(row) for row in plan)
