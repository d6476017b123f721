"""The desk: what agents see and do, under their name, in their language; strangers' text never drives the terminal."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.house import MAIL, House

HOSTILE = (
    "From: =?utf-8?b?G1szMW1CaW5rG1swbQ==?= <x@example.org>\r\n"
    "Subject: =?utf-8?b?4oCuYW5oY2VSIBtdMDtvd25lZAc=?=\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nGeld \u202eksöhct\u202c [bold red]zur\u00fcck[/] \x1b[2J\x9b31m\r\n"
).encode()


@pytest.fixture
def desk(worked: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house with ticket 1, an alarm, and ticket 2, and Meier at the desk."""
    monkeypatch.setenv("POSTEINGANG_AGENT", "meier")
    return worked


def ticket(house: House, number: int) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(house("show", str(number), "--json").out)
    return value


def test_the_day_of_an_agent_is_recorded_under_the_agents_name(desk: House) -> None:
    for command, said in (
        (["take", "2"], "#2 taken by meier\n"),
        (["note", "2", "rief an"], "#2 noted\n"),
        (["concern", "2", "umzug"], "#2 is about: Moving in / out, change of owner, vacancy\n"),
        (["concern", "2", "abschlag", "--add"], "#2 is about: Change instalment\n"),
        (["concern", "2", "abschlag", "--remove"], "#2 is not about: Change instalment\n"),
        (["close", "2", "--reason", "erledigt"], "#2 closed\n"),
        (["reopen", "2"], "#2 reopened\n"),
    ):
        done = desk(*command)
        assert (done.code, done.out, done.err) == (0, said, "")
    view = ticket(desk, 2)
    assert view["ticket"]["agent"] == "meier"
    assert (view["ticket"]["concern"], view["ticket"]["decided"]) == ("umzug", True)
    acted = [event["actor"] for event in view["events"] if event["item_id"] is None]
    assert len(acted) >= 7
    assert set(acted) == {"meier"}


def test_an_alarm_is_acknowledged_by_name(desk: House) -> None:
    assert "DANGER: call the customer" in desk("show", "1").out
    done = desk("ack", "1")
    assert (done.code, done.out) == (0, "#1 acknowledged by meier\n")
    shown = desk("show", "1").out
    assert "DANGER: call the customer" not in shown
    assert "meier" in shown
    refused = desk("ack", "2")
    assert (refused.code, refused.err) == (os.EX_USAGE, "posteingang: Ticket #2 speaks of no danger.\n")


def test_dangers_stand_first_and_filters_narrow_the_list(desk: House) -> None:
    def numbers(*more: str) -> list[int]:
        return [json.loads(line)["id"] for line in desk("list", "--json", *more).out.splitlines()]

    assert numbers() == [1, 2]
    assert numbers("--danger") == [1]
    assert numbers("--agent", "-") == [1, 2]
    assert numbers("--status", "closed") == []
    assert numbers("--status", "all", "--limit", "1") == [1]
    assert numbers("--concern", "notfall_gefahr") == [1]
    assert desk("close", "2").code == 0
    assert numbers() == [1]
    assert sorted(numbers("--status", "all")) == [1, 2]


def test_a_page_that_is_not_the_last_says_how_to_see_more(desk: House) -> None:
    done = desk("list", "--limit", "1")
    assert done.err == "More: posteingang list --limit 2\n"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["show", "99"], os.EX_NOINPUT, "There is no ticket #99. 'posteingang list' shows the tickets."),
        (["take", "99"], os.EX_NOINPUT, "There is no ticket #99."),
        (["list", "--status", "offen"], os.EX_USAGE, "There is no state 'offen'; the states are new, "),
        (["list", "--concern", "umzuk"], os.EX_USAGE, "There is no concern 'umzuk'. Did you mean 'umzug'?"),
        (["concern", "2", "umzuk"], os.EX_USAGE, "There is no concern umzuk."),
        (["note", "2", " "], os.EX_USAGE, "A note needs words."),
        (["reopen", "1"], os.EX_USAGE, "Ticket #1 is new, not closed."),
        (["search", "?"], os.EX_USAGE, "There is nothing to look for in '?'"),
        (["show", "99999999999999999999"], 2, "less than or equal to 2147483647"),
        (["show", "zwei"], 2, "valid integer"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_answered_with_the_way_out(desk: House, command: list[str], code: int, said: str) -> None:
    done = desk(*command)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_lists_that_are_empty_say_so(house: House) -> None:
    assert house("list").out == "No tickets.\n"
    assert house("deadlines").out == "No periods run out by then.\n"
    assert house("search", "umzug").out == "Nothing found.\n"
    for command in (["list"], ["deadlines"], ["search", "umzug"]):
        done = house(*command, "--json")
        assert (done.code, done.out) == (0, "")


def test_parts_of_words_are_found_with_umlauts_or_without(desk: House) -> None:
    for words in (["lindenstrasse"], ["Lindenstraße"], ["linden", "mai"]):
        (hit,) = [json.loads(line) for line in desk("search", *words, "--json").out.splitlines()]
        assert hit["ticket"]["id"] == 2
    assert "Lindenstrasse" in desk("search", "linden").out


def test_periods_are_listed_by_day(desk: House) -> None:
    first = json.loads(desk("deadlines", "--json").out.splitlines()[0])
    assert (first["ticket"], first["concern"]) == (1, "notfall_gefahr")
    assert "alarm" in desk("deadlines", "--days", "0").out


def test_text_of_strangers_does_not_drive_the_terminal(house: House) -> None:
    (house.scans / "boese.eml").write_bytes(HOSTILE)
    assert house("ingest", "--quiet").code == 0
    for command in (["list"], ["show", "1"], ["search", "zurück"], ["status"], ["deadlines", "--days", "999"]):
        done = house(*command)
        assert done.code == 0
        assert not set(done.out + done.err) & set("\x1b\x07\x9b\u202e\u202c")
    assert "[bold red]zurück[/]" in house("show", "1").out
    assert json.loads(house("show", "1", "--json").out)["entries"][0]["text"]


def test_an_agent_in_a_german_house_reads_german(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert "Eingang" in desk("list").out
    shown = desk("show", "1").out
    for word in ("GEFAHR: Kunden anrufen", "Von austretendem Gas", "Frist", "Notfall / Gefahr"):
        assert word in shown
    for english in ("by law", "alarm:", "nobody", "danger", "Words"):
        assert english not in shown
    assert desk("take", "2").out == "#2 übernommen von meier\n"
    assert "Alarme" in desk("status").out or "Gefahren" in desk("status").out
    assert "Es fehlt nichts." in desk("reconcile").out
    assert "1 gesehen" not in desk("ingest").out


def test_the_configured_language_wins_over_the_machines(desk: House) -> None:
    desk.config.write_text('language = "de"\n' + desk.config.read_text())
    assert "Eingang" in desk("list").out


def test_the_original_is_handed_out_for_its_agent_alone(desk: House) -> None:
    done = desk("open", "2", "--path")
    path = Path(done.out.strip())
    assert path.read_bytes() == MAIL % b"Umzug"
    assert (path.suffix, stat.S_IMODE(path.stat().st_mode)) == (".eml", 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    missing = desk("open", "2", "--entry", "3")
    assert missing.code == os.EX_NOINPUT
    assert missing.err == "posteingang: Ticket #2 has 1 message; there is no message 3.\n"
