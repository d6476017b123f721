"""`quarantine`: what could not be read can be looked at, tried again, or ignored with a reason."""

import json
import os
from typing import Any

import pytest

from ingest.archive.files import FileArchive
from models.status import ItemState
from tests.house import House


def items(house: House) -> dict[str, dict[str, Any]]:
    """What lies in quarantine, by reason."""
    listed = [json.loads(line) for line in house("quarantine", "list", "--json").out.splitlines()]
    return {item["reason"]: item for item in listed}


def test_the_list_tells_where_each_came_from_and_why(worked: House) -> None:
    assert set(items(worked)) == {"empty", "damaged"}
    shown = worked("quarantine", "list").out
    assert "leer.pdf" in shown
    assert "empty: The file is empty: it has 0 bytes." in shown


def test_one_item_is_shown_with_everything_that_helps(worked: House) -> None:
    item = items(worked)["damaged"]
    done = worked("quarantine", "show", str(item["id"]))
    assert done.code == 0
    for part in ("damaged", item["sha256"], "halb~", f"retry {item['id']}"):
        assert part in done.out
    (value,) = [json.loads(line) for line in worked("quarantine", "show", str(item["id"]), "--json").out.splitlines()]
    assert (value["state"], value["attempts"], value["sightings"][0]["source"]) == ("set_aside", 1, "scanner")


def test_what_was_filed_offers_no_second_try(worked: House) -> None:
    filed, _other = worked.state.store.quarantine(ItemState.filed)
    done = worked("quarantine", "show", str(filed.id))
    assert done.code == 0
    assert "retry" not in done.out
    refused = worked("quarantine", "retry", str(filed.id))
    assert refused.code == os.EX_USAGE
    assert refused.err == f"posteingang: Item {filed.id} is filed; only what was set aside can be tried again.\n"


def test_a_second_try_is_the_next_runs_and_ends_the_same_way(worked: House) -> None:
    number = items(worked)["empty"]["id"]
    done = worked("quarantine", "retry", str(number))
    assert (done.code, done.out) == (0, f"Item {number} waits for the next 'posteingang ingest'.\n")
    assert set(items(worked)) == {"damaged"}
    waiting = worked("reconcile")
    assert waiting.code == 0
    assert "1 item is accepted and waits for the next 'posteingang ingest'." in waiting.out
    assert worked("ingest", "--quiet").code == os.EX_DATAERR
    assert set(items(worked)) == {"empty", "damaged"}


def test_what_is_ignored_has_a_reason_and_keeps_its_original(worked: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTEINGANG_AGENT", "meier")
    item = items(worked)["damaged"]
    number = str(item["id"])
    assert worked("quarantine", "ignore", number, "--reason", " ").code == os.EX_USAGE
    done = worked("quarantine", "ignore", number, "--reason", "Werbung")
    assert (done.code, done.out) == (0, f"Item {number} is ignored: Werbung\n")
    assert set(items(worked)) == {"empty"}
    assert item["sha256"] in set(FileArchive(worked.data / "archive").digests())
    (ignored,) = worked.state.store.quarantine(ItemState.ignored)
    assert (ignored.id, "Werbung" in ignored.message) == (item["id"], True)
    assert worked("reconcile").code == 0
    assert worked("quarantine", "retry", number).code == 0
    assert worked.state.store.quarantine(ItemState.ignored) == ()


def test_an_item_that_is_not_there_is_said_so(house: House) -> None:
    for command in (["show"], ["retry"], ["ignore", "--reason", "x"]):
        done = house("quarantine", *command, "7")
        assert done.code == os.EX_NOINPUT
        assert done.err == (
            "posteingang: There is no item 7. 'posteingang quarantine list' shows what was set aside.\n"
        )


def test_an_empty_quarantine_says_so(house: House) -> None:
    assert house("quarantine", "list").out == "Nothing was set aside.\n"
    assert house("quarantine", "list", "--json").out == ""


def test_hostile_names_are_harmless(house: House) -> None:
    (house.scans / "\x1b[31mrot\u202e.pdf").write_bytes(b"")
    assert house("ingest", "--quiet").code == os.EX_DATAERR
    for command in (["list"], ["show", "1"]):
        out = house("quarantine", *command).out
        assert "[31mrot" in out
        assert not set(out) & set("\x1b\u202e")
