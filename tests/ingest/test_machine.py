import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.headers import Headers, parse_headers
from ingest.readers.machine import bounced_message_id, verdict
from models.message import Machine

CASES = sorted((Path(__file__).parents[1] / "data" / "machine").glob("*.eml"))
HUMAN = b"From: Max <max@example.com>\n"


def own(address: str) -> bool:
    return address.lower().endswith("@stadtwerke-musterstadt.de")


def judge(block: bytes, text: str = "Guten Tag, ich ziehe um.", parts: tuple[str, ...] = ()) -> Machine | None:
    headers = parse_headers(block)
    return verdict(replace(headers, parts=parts) if parts else headers, text, own=own)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_verdict_and_original(path: Path) -> None:
    case = json.loads(path.with_suffix(".json").read_text("utf-8"))
    block, _, body = path.read_bytes().partition(b"\n\n")
    found = judge(block + b"\n", body.decode(), tuple(case["parts"]))
    assert (found.kind.value if found else None) == case["kind"]
    assert bounced_message_id(body.decode()) == case["original"]
    assert found is None or found.reason


@pytest.mark.parametrize(
    "sign",
    [
        b"Return-Path: <>\n",
        b"X-Auto-Response-Suppress: All\n",
        b"Auto-Submitted: no\n",
        b"Auto-Submitted: auto-generated\n",
        b"Precedence: normal\n",
        b"X-Priority: 1\n",
        b"Reply-To: noreply@example.com\n",
        b"Return-Path: <>\nX-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n",
    ],
)
def test_headers_that_people_have_as_well_never_decide_alone(sign: bytes) -> None:
    assert judge(HUMAN + b"Subject: Umzug\n" + sign) is None
    assert judge(b"Subject: Umzug\n" + sign) is None


def test_mail_without_any_header_is_no_machine() -> None:
    assert verdict(Headers(()), "", own=own) is None
    assert verdict(Headers(()), "Kein Strom!", own=own) is None


def test_original_message_id_of_a_receipt_comes_first() -> None:
    text = "Message-ID: <other@example.com>\nOriginal-Message-ID: <ticket-1@stadtwerke-musterstadt.de>\n"
    assert bounced_message_id(text) == "ticket-1@stadtwerke-musterstadt.de"


@given(st.binary(max_size=300), st.text(max_size=500))
def test_nothing_makes_the_verdict_fail(block: bytes, text: str) -> None:
    judge(b"Subject: " + block + b"\n", text)


@pytest.mark.parametrize(
    "piece",
    [
        "the following address ",
        "a ",
        "bin , ",
        "message ",
        "<",
        "a@",
        "ihre nachricht ",
        "5.5.5 ",
        "x: ",
        "\n",
        "am o'o ",
    ],
)
def test_verdict_takes_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    started = time.perf_counter()
    judge(b"Subject: " + text[:5000].encode().replace(b"\n", b" ") + b"\n", text)
    bounced_message_id(text)
    assert time.perf_counter() - started < 5
