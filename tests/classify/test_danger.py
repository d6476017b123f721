import json
import random
import time
import tracemalloc
from pathlib import Path

import pytest

from classify.danger import LOWERED, find_danger, reasons
from classify.danger_stems import fold
from models.classification import Danger, DangerLevel

DATA = Path(__file__).parents[1] / "data" / "danger"
ALARM, CHECK = DangerLevel.alarm, DangerLevel.check


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()]


def level(subject: str, body: str) -> DangerLevel | None:
    danger = find_danger(subject, body)
    return danger.level if danger else None


@pytest.mark.parametrize("name", ["emergencies_tuning", "emergencies_heldout"])
def test_emergencies_are_found_and_nearly_all_raise_an_alarm(name: str) -> None:
    levels = [level(row["subject"], row["body"]) for row in rows(name)]
    assert None not in levels
    assert levels.count(ALARM) >= 0.97 * len(levels)


@pytest.mark.parametrize("name", ["others_tuning", "others_heldout"])
def test_near_misses_raise_hardly_any_alarm_and_few_checks(name: str) -> None:
    levels = [level(row["subject"], row["body"]) for row in rows(name)]
    assert levels.count(ALARM) <= 1
    assert levels.count(CHECK) <= 0.2 * len(levels)


def test_emergencies_are_still_found_when_ocr_misreads_one_letter_in_twenty() -> None:
    noise = random.Random(7)
    confused = {
        "e": "c",
        "a": "o",
        "l": "1",
        "i": "l",
        "o": "0",
        "s": "5",
        "n": "r",
        "m": "rn",
        "u": "v",
        "h": "b",
        "g": "q",
        "t": "f",
    }

    def misread(text: str) -> str:
        return "".join(confused.get(sign, sign) if noise.random() < 0.05 else sign for sign in text)

    emergencies = rows("emergencies_tuning") + rows("emergencies_heldout")
    found = [level(misread(row["subject"]), misread(row["body"])) for row in emergencies]
    assert sum(one is not None for one in found) >= 0.9 * len(found)


def test_a_danger_buried_in_a_letter_about_an_invoice_is_an_alarm_with_its_passage() -> None:
    body = (
        "Sehr geehrte Damen und Herren,\n\ndie Rechnung vom 12.3. habe ich erhalten und werde sie begleichen.\n\n"
        "Der Abschlag von 120 Euro ist mir zu hoch.\n\nUnten im Flur riecht es seit dem Wochenende übrigens nach Gas. "
        "Vielleicht kann der Ableser einmal schauen.\n\nFreundliche Grüße"
    )
    assert find_danger("Ihre Rechnung", body) == Danger(
        ALARM, "Words of gas escaping or smelled.", "Unten im Flur riecht es seit dem Wochenende übrigens nach Gas."
    )


@pytest.mark.parametrize(
    ("body", "cue"),
    [
        ("Der Gasgeruch wurde von Ihrem Monteur behoben.", "fixed"),
        ("Im letzten Jahr gab es bei uns Gasgeruch.", "past"),
        ("Bitte erstatten Sie uns den Schaden durch den Rohrbruch im Keller.", "money"),
        ("Angenommen, es riecht nach Gas, wen rufe ich an?", "asks"),
        ("In meinem Roman explodiert eine Gasleitung.", "genre"),
        ("> Es riecht nach Gas im Treppenhaus.", "quoted"),
    ],
)
def test_past_money_questions_and_stories_lower_an_alarm_and_say_so(body: str, cue: str) -> None:
    danger = find_danger("", body)
    assert danger is not None
    assert danger.level is CHECK
    assert danger.reason.endswith(LOWERED[cue])


@pytest.mark.parametrize(
    "body",
    [
        "Der Monteur hat es gestern repariert. Jetzt riecht es wieder nach Gas.",
        "Der Gasgeruch ist immer noch nicht behoben!",
        "Die Rechnung ist bezahlt.\nEs riecht nach Gas im Keller.",
        "Wer zahlt das? Seit heute früh qualmt der Sicherungskasten.",
    ],
)
def test_what_is_still_there_or_stands_in_another_sentence_is_not_lowered(body: str) -> None:
    assert level("", body) is ALARM


@pytest.mark.parametrize(
    "body",
    [
        "Mein Verbrauch ist zu hoch, auch der Brennwert stimmt nicht. Ich heiße Rauch.",
        "Wann kommt die Glasfaser? Wir haben ein Glaskeramikkochfeld.",
        "Das brennt mir unter den Nägeln, ich bin Feuer und Flamme. Ihr Brief hat Zündstoff.",
        "Sind Sie für die Rauchmelder zuständig?",
        "Der Strom ist abgestellt, ich habe alles überwiesen.",
        "Seit heute früh haben wir kein Gas und keinen Strom.",
        "Stadtwerke Musterstadt\nBei Gasgeruch rufen Sie 0800 1234567 (24 h)",
        "> Unser Entstörungsdienst ist bei Gasgeruch rund um die Uhr für Sie da.",
        "Gasgasse 4, 47051 Duisburg, Familie Brand",
        "",
    ],
)
def test_words_that_only_look_like_danger_are_passed_over(body: str) -> None:
    assert find_danger("", body) is None


def test_the_subject_alone_is_enough() -> None:
    assert level("Gasgeruch im Treppenhaus", "") is ALARM


def test_two_neighbouring_sentences_are_read_together() -> None:
    assert level("", "Die Therme läuft.\nUns ist allen schlecht und wir haben Kopfweh.") is ALARM


def test_hyphenated_wrapped_and_spaced_letters_are_read() -> None:
    assert level("", "Im Treppenhaus riecht es seit heute Morgen stark nach Erd-\ngas.") is ALARM
    assert level("", "G a s g e r u c h") is ALARM
    assert level("", "Es riecht im Keller\nnach Gas.") is ALARM


def test_folding_makes_ocr_confusions_equal() -> None:
    assert fold("Gasqeruch") == fold("GASGERUCH")
    assert fold("Zähler") == fold("Zaehler") == fold("Zahler")
    assert fold("komrnen") == fold("kommen")


def test_every_reason_is_made_of_known_sentences() -> None:
    known = reasons()
    for name in ("emergencies_tuning", "others_tuning"):
        for row in rows(name):
            if (danger := find_danger(row["subject"], row["body"])) is not None:
                rest = danger.reason
                for sentence in known:
                    rest = rest.replace(sentence, "")
                assert rest.strip() == ""


@pytest.mark.parametrize(
    "unit",
    ["gas ", "Im Ab. ", "a", "a ", "\n", " ", "riecht nach ", "bei gasgeruch ", "schwindlig heizung ", "faul ei "],
)
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        start = time.process_time()
        find_danger("", text)
        return time.process_time() - start

    seconds(1_000)
    assert seconds(80_000) < 4 * (2 * seconds(20_000) + 0.1)


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("WG: Rohrbruch Ihre Zuständigkeit", "Nach dem Rohrbruch im letzten Winter bitte ich um Erstattung."),
        ("", "Betreff: Rohrbruch\n\nNach dem Rohrbruch im letzten Winter bitte ich um Erstattung der Kosten."),
        ("Gasgeruch im Keller", "Guten Tag,\nder Gasgeruch wurde gestern behoben. Wann kommt die Rechnung?"),
    ],
)
def test_a_heading_is_lowered_by_the_sentence_that_takes_it_up(subject: str, body: str) -> None:
    assert level(subject, body) is CHECK


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Gasgeruch im Keller", "Die Rechnung vom letzten Jahr ist auch noch falsch."),
        ("Rohrbruch", "Nach dem Rohrbruch im letzten Jahr jetzt wieder: das Wasser schießt aus der Straße!"),
        ("Hilfe Gasgeruch im Keller", "Im letzten Jahr gab es schon einmal Gasgeruch."),
    ],
)
def test_a_heading_is_not_lowered_by_anything_else(subject: str, body: str) -> None:
    assert level(subject, body) is ALARM


@pytest.mark.parametrize("unit", ["Gasgeruch\n", "Gas ", "Die Rechnung ist falsch.\n"])
def test_the_beginning_and_the_end_of_an_endless_text_are_read_in_little_time_and_memory(unit: str) -> None:
    filler = "Nach dem Brand gab es eine Rechnung.\n" + "Die Abrechnung liegt bei. \n" * 40_000
    for body in (f"Es riecht nach Gas im Keller.\n{filler}", f"{filler}\nEs riecht nach Gas im Keller."):
        assert level("", body) is ALARM
    endless = unit * (1_000_000 // len(unit))
    start = time.process_time()
    find_danger("", endless)
    assert time.process_time() - start < 2
    tracemalloc.start()
    find_danger("", endless[:40_000])
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
