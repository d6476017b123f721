"""The sandbox: accidents of a reader are about one item, and the next one is read."""

import time
from pathlib import Path

import pytest

from ingest.readers.base import ReaderSettings
from ingest.sandbox import Sandbox
from models.config import Limits
from models.errors import ItemError
from models.message import Channel, Original

MAIL = b"From: Erika Muster <erika@example.org>\r\nSubject: Umzug\r\n\r\nWir ziehen um.\r\n"

# A child that does what the file says, with the same conversation as the real one.
MISCHIEF = """
import json, os, resource, signal, sys, time
from ingest.sandboxed import answer, limit
from ingest.readers.base import ReaderSettings
fd = int(sys.argv[1])
settings = ReaderSettings.model_validate_json(sys.stdin.readline())
limit(settings.limits.memory_mb)
for line in sys.stdin:
    deed = open(json.loads(line)["path"]).read()
    if deed == "hang":
        time.sleep(600)
    if deed == "abort":
        print("engine: assertion failed", file=sys.stderr, flush=True)
        os.abort()
    if deed == "exit":
        sys.exit(3)
    if deed == "fork and hang":
        if os.fork():
            time.sleep(600)
        time.sleep(600)
    if deed == "slow pages":
        answer(fd, {"pages": 3})
        time.sleep(1.5)
    if deed == "chatter":
        print('{"message": null}')
        sys.stdout.flush()
    answer(fd, {"error": "damaged", "sentence": deed, "detail": ""})
"""


@pytest.fixture
def mischief(tmp_path: Path):  # type: ignore[no-untyped-def]
    settings = ReaderSettings(limits=Limits(seconds=0.5, page_seconds=1))
    sandbox = Sandbox(settings, program=("-c", MISCHIEF))

    def read(deed: str) -> ItemError:
        path = tmp_path / "deed"
        path.write_text(deed)
        with pytest.raises(ItemError) as caught:
            sandbox.read(path, Original("", Channel.letter))
        return caught.value

    with sandbox:
        yield read


def original(content: bytes, path: Path) -> Path:
    path.write_bytes(content)
    return path


def test_a_mail_is_read_in_the_child(tmp_path: Path) -> None:
    with Sandbox(ReaderSettings()) as sandbox:
        message = sandbox.read(original(MAIL, tmp_path / "m"), Original("ab", Channel.email))
    assert (message.subject, message.text, message.sha256) == ("Umzug", "Wir ziehen um.", "ab")


def test_a_crash_is_said_with_the_last_words_and_the_next_item_is_read(mischief) -> None:  # type: ignore[no-untyped-def]
    error = mischief("abort")
    assert error.reason == "crashed"
    assert "SIGABRT" in str(error)
    assert "engine: assertion failed" in error.detail
    assert str(mischief("next")) == "next"


def test_an_exit_is_a_crash(mischief) -> None:  # type: ignore[no-untyped-def]
    assert "exit code 3" in str(mischief("exit"))


@pytest.mark.timeout(60)
def test_a_hang_ends_at_its_limit_and_takes_its_children_along(mischief) -> None:  # type: ignore[no-untyped-def]
    mischief("warm up")
    begin = time.monotonic()
    assert mischief("fork and hang").reason == "timeout"
    assert time.monotonic() - begin < 10
    assert str(mischief("next")) == "next"


def test_the_limit_grows_with_the_pages(mischief) -> None:  # type: ignore[no-untyped-def]
    mischief("warm up")
    assert str(mischief("slow pages")) == "slow pages"


def test_what_a_library_prints_is_no_answer(mischief) -> None:  # type: ignore[no-untyped-def]
    assert str(mischief("chatter")) == "chatter"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with Sandbox(ReaderSettings()) as sandbox, pytest.raises(ItemError) as caught:
        sandbox.read(original(b"", tmp_path / "e"), Original("", Channel.letter))
    assert caught.value.reason == "empty"


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    with Sandbox(ReaderSettings(limits=Limits(bytes=10))) as sandbox, pytest.raises(ItemError) as caught:
        sandbox.read(original(MAIL, tmp_path / "m"), Original("", Channel.email))
    assert caught.value.reason == "too_large"


def test_a_zip_named_pdf_is_not_taken_for_one(tmp_path: Path) -> None:
    with Sandbox(ReaderSettings()) as sandbox, pytest.raises(ItemError) as caught:
        sandbox.read(original(b"PK\x03\x04rubbish", tmp_path / "a.pdf"), Original("", Channel.letter, "a.pdf"))
    assert caught.value.reason in {"unsupported", "damaged"}
