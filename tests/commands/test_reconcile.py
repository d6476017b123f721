"""`reconcile`: every gap between sources, archive and database is found, named, and ends with 70."""

import json
import os
import sqlite3
from contextlib import closing

from tests.house import MAIL, House


def change(house: House, *statements: str) -> None:
    """What a broken restore or a curious administrator does to the database."""
    with closing(sqlite3.connect(house.data / "posteingang.db")) as connection, connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)


def test_a_house_in_order_adds_up(worked: House) -> None:
    done = worked("reconcile", "--json")
    *days, proof = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0
    assert proof == {"gaps": [], "notes": [], "unasked": []}
    (day,) = days
    assert (day["source"], day["seen"], day["filed"], day["set_aside"]) == ("scanner", 4, 2, 2)
    assert day["seen"] == day["filed"] + day["set_aside"] + day["ignored"] + day["waiting"]


def test_nothing_yet_is_nothing_missing(house: House) -> None:
    done = house("reconcile")
    assert (done.code, done.err) == (0, "")
    assert "Nothing is missing." in done.out


def test_a_missing_original_is_a_gap(worked: House) -> None:
    digest = min(worked.state.store.digests())
    (worked.data / "archive" / digest[:2] / digest[2:4] / digest).unlink()
    done = worked("reconcile")
    assert done.code == os.EX_SOFTWARE
    assert f"The original {digest} is missing in the archive." in " ".join(done.out.split())
    assert done.err == "posteingang: 1 gap: see above.\n"


def test_a_filed_item_whose_entry_is_gone_is_a_gap(worked: House) -> None:
    change(worked, "UPDATE entry SET item_id = NULL WHERE id = (SELECT min(id) FROM entry)")
    done = worked("reconcile", "--json")
    assert done.code == os.EX_SOFTWARE
    (gap,) = json.loads(done.out.splitlines()[-1])["gaps"]
    assert gap.startswith("Item ")


def test_a_database_older_than_its_archive_is_a_gap(worked: House) -> None:
    digest = min(worked.state.store.digests())
    row = f"SELECT id FROM item WHERE sha256 = '{digest}'"
    change(
        worked,
        f"DELETE FROM sighting WHERE item_id IN ({row})",
        f"UPDATE entry SET item_id = NULL WHERE item_id IN ({row})",
        f"UPDATE event SET item_id = NULL WHERE item_id IN ({row})",
        f"DELETE FROM item WHERE sha256 = '{digest}'",
    )
    done = worked("reconcile", "--json")
    assert done.code == os.EX_SOFTWARE
    assert any(digest in gap for gap in json.loads(done.out.splitlines()[-1])["gaps"])


def test_what_still_lies_in_the_scan_folder_is_told_and_no_gap(worked: House) -> None:
    (worked.scans / "neu.eml").write_bytes(MAIL % b"Neu")
    done = worked("reconcile")
    assert done.code == 0
    assert "1 message in scanner has not been accepted yet." in done.out


def test_a_source_that_cannot_be_asked_is_told(worked: House) -> None:
    worked.scans.rename(worked.folder / "elsewhere")
    done = worked("reconcile")
    assert "scanner could not be asked" in done.err
    assert done.code == os.EX_TEMPFAIL
