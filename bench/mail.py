"""How long reading a mail takes and how much of it is right, beside other libraries on the same mails.

Run with ``python -m bench.mail [FOLDER]``; the default is tests/data/mail. "Right" is a mail whose sender, subject,
text and number of attachments are all as the JSON file beside it says; case of addresses and blanks in texts do not
count, nor whether pictures of the layout are attachments. Our reading does more than is compared: it splits quotes and
signature and judges machine or human. Nested documents are not read on any side.
"""

import json
import logging
import statistics
import sys
import time
import tracemalloc
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.mail_parsers import Parse, Reading, installed

ROUNDS = 5
CORPUS = Path(__file__).parent.parent / "tests" / "data" / "mail"


@dataclass(frozen=True, slots=True)
class Case:
    """A mail, and what must be read of it if that is known."""

    content: bytes
    expected: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one library made of one mail."""

    milliseconds: float
    """Of CPU, the best of some rounds."""
    raised: bool
    right: bool


def outcome(parse: Parse, case: Case) -> Outcome:
    """Parse a mail some times and compare what came out."""
    best, reading = float("inf"), None
    for _ in range(ROUNDS):
        started = time.process_time()
        reading = attempt(parse, case.content)
        best = min(best, time.process_time() - started)
    return Outcome(1000 * best, reading is None, reading is not None and is_right(reading, case.expected))


def compared(parsers: Iterable[Parse], found: Iterable[Case]) -> dict[Parse, list[Outcome]]:
    """Every library on every mail, taking turns, so that whatever else the machine does slows them all alike."""
    outcomes: dict[Parse, list[Outcome]] = {parse: [] for parse in parsers}
    for parse in outcomes:
        attempt(parse, b"From: a@example.de\n\nwarm up")
    for case in found:
        for parse, results in outcomes.items():
            results.append(outcome(parse, case))
    return outcomes


def attempt(parse: Parse, content: bytes) -> Reading | None:
    """The reading, None if the library raises: counted, not hidden."""
    try:
        return parse(content)
    except Exception:  # noqa: BLE001 - whatever a library raises on a mail is what is counted here
        return None


def is_right(reading: Reading, expected: dict[str, Any]) -> bool:
    """Whether sender, subject, text and number of attachments are as they should be."""
    if not expected:
        return False
    files = expected["attachments"]
    return (
        reading.address.lower() == ((expected["from"] or {}).get("address") or "").lower()
        and _words(reading.subject) == _words(expected["subject"])
        and _words(reading.text) == _words(expected["full_text"])
        and reading.attachments in (len(files), sum(not file["inline"] for file in files))
    )


def _words(text: str | None) -> list[str]:
    return (text or "").split()


def peak(parse: Parse, contents: Iterable[bytes]) -> float:
    """MiB allocated by Python at the most; what a library in Rust takes is not seen."""
    tracemalloc.start()
    try:
        for content in contents:
            attempt(parse, content)
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def large_mail() -> bytes:
    """A mail of 8 MB: a text and a PDF, as a customer sends a scan."""
    lines = b"\r\n".join([b"JVBERi0xLjcKJeLjz9MKMSAwIG9iago8PC9UeXBlL0NhdGFsb2c+PmVuZG9iagpKVkJFUmkx"] * 110_000)
    return (
        b"From: Petra Sommer <petra@gmx.example>\r\nSubject: Scan\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nGuten Tag,\r\nanbei.\r\n--x\r\nContent-Type: application/pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + lines + b"\r\n--x--\r\n"
    )


def cases(folder: Path) -> list[Case]:
    """The mails of a folder with their expected values, where these are known."""
    found = []
    for path in sorted(folder.rglob("*.eml")):
        beside = path.with_suffix(".json")
        found.append(Case(path.read_bytes(), json.loads(beside.read_text("utf-8")) if beside.exists() else {}))
    return found


def main() -> None:
    """Print the table."""
    found = cases(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS)
    size = statistics.mean(len(case.content) for case in found)
    known = sum(bool(case.expected) for case in found)
    big = Case(large_mail(), {})
    print(f"{len(found)} mails of {size:,.0f} bytes on average, {known} with known values; times in ms of CPU")
    columns = ("right", "raised", "median", "mean", "longest", "peak MB", "8 MB mail", "peak MB")
    print(" " * 16 + "".join(f"{column:>11}" for column in columns))
    logging.disable()  # One library logs what it cannot read.
    for parse, outcomes in compared(installed(), found).items():
        times = [result.milliseconds for result in outcomes]
        counts = (sum(result.right for result in outcomes), sum(result.raised for result in outcomes))
        small = peak(parse, (case.content for case in found))
        figures = (statistics.median(times), statistics.mean(times), max(times), small)
        large = (outcome(parse, big).milliseconds, peak(parse, [big.content]))
        cells = [*map(str, counts), *(f"{value:.2f}" for value in figures), *(f"{value:.0f}" for value in large)]
        print(f"{parse.__name__:16}" + "".join(f"{cell:>11}" for cell in cells))


if __name__ == "__main__":
    main()
