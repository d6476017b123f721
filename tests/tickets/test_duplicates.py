"""The same wording is found again through the errors of a scan; what only resembles it is not."""

import datetime as dt
import random
import time

import pytest

from models.message import Address, Message
from tests.tickets.cases import NOW, TEXT, filed, letter, mail
from tickets.duplicates import LONGEST, alike, keys
from tickets.store import Store

COMPLAINT = """Sehr geehrte Damen und Herren,

die Jahresabrechnung vom 3. Februar 2026 weist für den Zähler 1ESY1160345678 einen Verbrauch von 4.812 kWh aus. In den
Jahren davor lag ich stets bei rund 2.400 kWh, obwohl sich an meinem Haushalt nichts geändert hat. Ich habe den Stand
heute selbst abgelesen: 48213. Das passt nicht zu der von Ihnen geschätzten Zahl. Bitte prüfen Sie die Abrechnung und
setzen Sie den Abschlag von 142 Euro bis dahin aus. Meine Kundennummer ist 300417755.

Mit freundlichen Grüßen"""
READING = "Guten Tag, anbei der Stand meines Stromzählers zum Monatsende für Ihre Unterlagen: {} kWh. Kundennummer {}."


def scanned(text: str, seed: int, *, share: float = 0.02) -> str:
    """The text as an engine reads it: characters mistaken for others, dropped or parted, in other lines."""
    chance = random.Random(seed)
    worn = "".join(
        chance.choice(["", "i", "l", "rn", "o ", "e"]) if letter.isalnum() and chance.random() < share else letter
        for letter in text
    )
    words = worn.split()
    return "\n".join(" ".join(words[at : at + 9]) for at in range(0, len(words), 9))


def test_a_scan_with_two_percent_wrong_characters_has_the_wording_of_its_mail() -> None:
    found = set(keys(mail(COMPLAINT)))
    scans = [scanned(COMPLAINT, seed) for seed in range(200)]
    assert all(alike(scan, COMPLAINT) for scan in scans)
    missed = [scan for scan in scans if not found & set(keys(letter(scan)))]
    assert len(missed) <= 2


def test_two_scans_of_one_letter_have_the_same_wording() -> None:
    pairs = [(scanned(COMPLAINT, seed), scanned(COMPLAINT, seed + 1000)) for seed in range(200)]
    assert sum(alike(one, other) and bool({*keys(letter(one))} & {*keys(letter(other))}) for one, other in pairs) >= 180


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (READING.format(48213, 300417755), READING.format(51377, 300988120)),
        (READING.format(48213, 300417755), READING.format(51377, 300417755)),
        (
            "Sehr geehrte Damen und Herren, anbei die Bilder vom Zähler. Mit freundlichen Grüßen",
            "Sehr geehrte Damen und Herren, anbei das Foto vom Schaden. Mit freundlichen Grüßen",
        ),
        (TEXT, "Guten Tag, bitte erhöhen Sie meinen Abschlag ab Mai auf 120 Euro, wir heizen jetzt elektrisch."),
        (COMPLAINT, "Hiermit kündige ich meinen Stromvertrag mit der Kundennummer 300417755 zum nächsten Termin."),
        ("Danke!", "Danke!"),
        ("Vielen Dank im Voraus für Ihre Antwort, mit freundlichen Grüßen", "Vielen Dank im Voraus, viele Grüße"),
        ("", ""),
    ],
    ids=["two customers", "two readings", "photographs", "down and up", "two matters", "thanks", "courtesies", "empty"],
)
def test_what_only_resembles_is_not_the_same(one: str, other: str) -> None:
    assert not alike(one, other)


def test_the_wording_does_not_depend_on_lines_case_or_spelling_of_umlauts() -> None:
    plain = COMPLAINT.upper().replace("Ü", "UE").replace("Ä", "AE").replace("\n", "\r\n   ")
    assert keys(mail(plain)) == keys(mail(COMPLAINT))


def test_keys_are_few_signed_and_always_the_same() -> None:
    found = keys(mail("Bitte senden Sie mir die Rechnung noch einmal an meine neue Anschrift."))
    assert len(found) == 12
    assert all(-(2**63) <= key < 2**63 for key in found)
    assert found[0] == 7390402159965679223


def test_strangers_have_hardly_a_key_in_common() -> None:
    chance = random.Random(7)
    words = COMPLAINT.split()
    texts = [" ".join(chance.sample(words, len(words))) for _ in range(60)]
    seen = [set(keys(mail(text))) for text in texts]
    shared = sum(bool(one & other) for at, one in enumerate(seen) for other in seen[:at])
    assert shared <= 20


def test_a_long_text_costs_milliseconds() -> None:
    text = " ".join(f"wort{number}" for number in range(LONGEST))
    started = time.process_time()
    keys(mail(text))
    alike(text, text)
    assert time.process_time() - started < 1


def links(store: Store, message: Message, *, days: int = 0) -> list[tuple[int, str]]:
    ticket_id = filed(store, message, at=NOW + dt.timedelta(days=days)).ticket_id
    return [(link.ticket_id, link.reason) for link in store.ticket(ticket_id).links]


def test_a_letter_with_the_errors_of_a_scan_is_proposed_as_the_duplicate_of_its_mail(store: Store) -> None:
    assert links(store, mail(COMPLAINT)) == []
    assert links(store, letter(scanned(COMPLAINT, 1)), days=3) == [(1, "duplicate")]
    assert links(store, letter(scanned(COMPLAINT, 2)), days=4) == [(1, "duplicate"), (2, "duplicate")]
    assert links(store, letter(scanned(COMPLAINT, 3)), days=30) == []


def test_a_form_letter_that_two_people_send_is_no_duplicate(store: Store) -> None:
    links(store, mail(COMPLAINT))
    assert links(store, letter(COMPLAINT, from_=Address("Bernd Vogel", ""))) == []
    assert links(store, mail(COMPLAINT, sender_address="bernd@kunde.example")) == []
    assert links(store, letter(COMPLAINT, from_=None)) == [(1, "duplicate"), (2, "duplicate"), (3, "duplicate")]


def test_two_short_mails_of_one_customer_stay_apart(store: Store) -> None:
    links(store, mail(READING.format(48213, 300417755)))
    assert links(store, mail(READING.format(51377, 300417755))) == []
