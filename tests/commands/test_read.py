"""`read`: one object a file with the keys that programs rely on; what cannot be read never stops the rest."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.house import EVERY_BYTE, MAIL, in_own_process, posteingang, unreadable, zipped

KEYS = [
    "path",
    "sha256",
    "channel",
    "media_type",
    "message_id",
    "in_reply_to",
    "references",
    "from",
    "sender",
    "reply_to",
    "to",
    "cc",
    "subject",
    "date",
    "language",
    "text",
    "quoted",
    "signature",
    "full_text",
    "machine",
    "attachments",
    "pages",
    "documents",
    "warnings",
    "error",
]
PAGE_KEYS = ["number", "text", "source", "confidence", "rotation", "skew", "dpi", "blank"]
ATTACHMENT_KEYS = ["filename", "media_type", "size", "sha256", "inline", "text"]
PAGE = Path(__file__).parents[2] / "commands" / "doctor.png"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration is found here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("POSTEINGANG_CONFIG", raising=False)
    return tmp_path


def objects(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_the_keys_of_a_mail_and_of_a_scan_are_fixed_and_in_order(tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    attached = (
        b"From: Erika Muster <erika@example.org>\r\nTo: service@example.com\r\nSubject: Umzug\r\n"
        b"Date: Thu, 8 Jan 2026 10:00:00 +0100\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nWir ziehen um.\r\n"
        b"--x\r\nContent-Type: text/plain; name=liste.txt\r\nContent-Disposition: attachment\r\n\r\neins\r\n--x--\r\n"
    )
    mail.write_bytes(attached)
    done = posteingang("read", mail, PAGE, "--json")
    assert (done.code, done.err) == (0, ""), done.out
    read, scan = objects(done.out)
    for value in (read, scan):
        assert [key for key in value if key != "fields"] == KEYS
        assert value["error"] is None
    assert read["path"] == str(mail)
    assert (read["channel"], read["media_type"], read["language"]) == ("email", "message/rfc822", "de")
    assert read["from"] == {"name": "Erika Muster", "address": "erika@example.org"}
    assert (read["message_id"], read["date"]) == ("1@example.org", "2026-01-08T10:00:00+01:00")
    (attachment,) = read["attachments"]
    assert list(attachment) == ATTACHMENT_KEYS
    assert (attachment["filename"], attachment["text"]) == ("liste.txt", "eins")
    assert (scan["channel"], scan["from"]) == ("letter", None)
    (page,) = scan["pages"]
    assert list(page) == PAGE_KEYS
    assert (page["number"], page["source"], page["blank"]) == (1, "ocr", False)


def test_a_picture_tells_its_media_type() -> None:
    (scan,) = objects(posteingang("read", PAGE, "--json").out)
    assert scan["media_type"] == "image/png"


def test_each_unreadable_file_is_an_object_with_its_error_and_the_others_are_read(tmp_path: Path) -> None:
    odd = unreadable()
    (tmp_path / "mail.eml").write_bytes(MAIL % b"Umzug")
    for name, (content, _reason) in odd.items():
        (tmp_path / name).write_bytes(content)
    names = [*odd, "nirgends.pdf", "mail.eml"]
    done = posteingang("read", *names, "--json")
    found = objects(done.out)
    assert done.code == os.EX_DATAERR
    assert done.err == ""
    assert [value["path"] for value in found] == names
    assert all([key for key in value if key != "fields"] == KEYS for value in found)
    for value, (_content, reason) in zip(found, odd.values(), strict=False):
        assert value["error"].endswith(f"[{reason}]")
    assert found[-2]["error"] == "nirgends.pdf cannot be read: No such file or directory."
    assert found[-1]["error"] is None
    assert "Lindenstrasse" in found[-1]["text"]


def test_a_mail_with_every_byte_value_is_read(tmp_path: Path) -> None:
    (tmp_path / "alle.eml").write_bytes(EVERY_BYTE)
    done = posteingang("read", "alle.eml", "--json")
    (value,) = objects(done.out)
    assert done.code == 0
    assert value["subject"] == "Abschlag"
    assert value["text"].startswith("Bitte senken Sie den Abschlag.")
    assert value["text"].endswith("Danke.")


def test_a_zip_named_pdf_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "brief.pdf").write_bytes(zipped())
    done = posteingang("read", "brief.pdf", "--json")
    (value,) = objects(done.out)
    assert (done.code, value["media_type"], value["error"]) == (0, "application/zip", None)
    assert "Guten Tag" in value["full_text"]


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "ordner.pdf").mkdir()
    os.mkfifo(tmp_path / "rohr.pdf")
    (tmp_path / "ins-leere.pdf").symlink_to("nirgends")
    done = posteingang("read", "ordner.pdf", "rohr.pdf", "/dev/zero", "ins-leere.pdf", "--json")
    assert done.code == os.EX_DATAERR
    assert [value["error"] for value in objects(done.out)] == [
        "ordner.pdf cannot be read: Is a directory.",
        "rohr.pdf cannot be read: it is no regular file.",
        "/dev/zero cannot be read: it is no regular file.",
        "ins-leere.pdf cannot be read: No such file or directory.",
    ]


def test_a_name_that_is_no_utf_8_is_told_in_valid_json(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.eml")
    (tmp_path / name).write_bytes(MAIL % b"Umzug")
    done = in_own_process("read", name, "--json", cwd=tmp_path, env={**os.environ, **path()})
    assert done.returncode == 0
    (value,) = objects(done.stdout.decode("utf-8"))
    assert (value["path"], value["error"]) == (name, None)
    assert done.stderr == b""


def test_a_file_named_like_an_option_is_read_after_two_dashes(tmp_path: Path) -> None:
    (tmp_path / "--json").write_bytes(MAIL % b"Umzug")
    done = posteingang("read", "--", "--json")
    assert done.code == 0
    assert "Lindenstrasse" in done.out


def test_hostile_text_is_harmless_for_people(tmp_path: Path) -> None:
    (tmp_path / "mail.eml").write_bytes(
        'From: "\x1b]0;owned\x07" <x@example.org>\r\nSubject: =?utf-8?b?G1szMW1yb3QbWzBt?=\r\n'
        "Content-Type: text/plain; charset=utf-8\r\n\r\n\x1b[2Jgel\u202eksöhct\r\n".encode()
    )
    done = posteingang("read", "mail.eml")
    assert done.code == 0
    assert "[31mrot" in done.out
    assert not set(done.out) & set("\x1b\x07\u202e")


def test_a_limit_of_the_configuration_counts(tmp_path: Path) -> None:
    config = tmp_path / "posteingang.toml"
    config.write_text('data = "data"\n[limits]\nbytes = 50\n')
    (tmp_path / "mail.eml").write_bytes(MAIL % b"Umzug")
    done = posteingang("read", "mail.eml", "--json")
    (value,) = objects(done.out)
    assert done.code == os.EX_DATAERR
    assert value["error"].endswith("[too_large]")


def test_a_reader_of_the_output_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    names = [f"{number}.eml" for number in range(3)]
    for name in names:
        (tmp_path / name).write_bytes(MAIL % b"x" * 200)
    for more in ([], ["--json"]):
        with subprocess.Popen(
            [sys.executable, "-m", "cli", "read", *names, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **path()},
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(30) in {0, 1}


def path() -> dict[str, str]:
    """Where a process of its own finds the program."""
    return {"PYTHONPATH": str(Path(__file__).parents[2])}
