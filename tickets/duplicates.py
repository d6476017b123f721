"""The same wording, by mail and by letter, with the errors of a scan between them: proposed, never dropped.

MinHash (Broder, 1997) over pieces of six characters: a wrong character costs the few pieces around it, where it would
cost three shingles of words; a lost blank costs nothing. One hash a piece fills all slots (Li, Owen, Zhang, 2012),
empty slots borrow from the next (Shrivastava, Li, 2014), and bands of three slots are the keys that the database looks
up.
"""

import datetime as dt
import hashlib
import re
import struct
import zlib
from collections.abc import Iterable

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.message import Message
from models.tables import Entry, Wording
from tickets.matching import correspondent
from tickets.search import fold

DAYS = 14
"""Within this many days the same wording from the same sender is proposed as a duplicate."""
SHORTEST = 40
"""Characters, folded, without blanks and phrases that everybody writes: "Danke!" twice is no duplicate."""
LONGEST = 20_000
"""Characters that are compared; beyond that only attached catalogues go."""
ALIKE = 0.45
"""Share of all pieces that both texts have. A scan with 2 % wrong characters keeps 0.8 of its mail, two such scans 0.65
of each other; two mails on one subject have less than 0.2 in common."""
_PIECE = 6
_SAME_NUMBER = 4
_BANDS, _ROWS = 12, 3
_SLOTS = _BANDS * _ROWS
_MOST = 50
"""Candidates that are compared; more come only from mail shots."""

# Knuth's multiplicative hash: neighbouring pieces have neighbouring checksums, which slots must not.
_SPREAD = 2_654_435_761
_WORD = 0xFFFFFFFF
_STOCK = re.compile(
    r"\b(?:sehr geehrte(?:r|s)? (?:damen und herren|herren|damen|frau|herr)|guten (?:tag|morgen|abend)|hallo|moin|"
    r"liebe(?:s|r)? team|mit freundlichen gr(?:ue|u)ssen|(?:viele|beste|liebe|freundliche|herzliche) gr(?:ue|u)sse|"
    r"vielen dank(?: im voraus| fuer ihre (?:muehe|hilfe|antwort))?|mfg|danke|dear sir or madam|kind regards|"
    r"best regards|ich (?:bitte um|freue mich (?:auf|ueber)) (?:ihre|eine) (?:zeitnahe |baldige |schnelle |kurze )?"
    r"(?:antwort|rueckmeldung)|bitte bestaetigen sie mir (?:den eingang|dies) schriftlich)\b"
)
_NUMBER = re.compile(r"\b\w*\d\w*\d\w*\d\w*\b")
"""A word with three digits or more: a reading, an amount, a customer number."""


def keys(message: Message) -> tuple[int, ...]:
    """What the same wording has in common with the message, signed 64-bit; nothing where too little is said.

    Two texts that share nine tenths of their pieces have a key in common for certain, six tenths with 0.95, a twentieth
    with 0.001.
    """
    if message.machine is not None:
        return ()
    slots = _slots(_pieces(_wording(message.text or message.full_text)))
    bands = (struct.pack("<B3Q", at, *slots[at * _ROWS : (at + 1) * _ROWS]) for at in range(_BANDS if slots else 0))
    return tuple(int.from_bytes(hashlib.blake2b(band, digest_size=8).digest(), signed=True) for band in bands)


def alike(one: str, other: str) -> bool:
    """Whether two texts say the same in the same words, as far as a scan lets one tell.

    Texts from one form differ in their numbers only; those must agree, too, but for one wrong character each.
    """
    first, second = _wording(one), _wording(other)
    if not _share(_numbers(first), _numbers(second)):
        return False
    pieces, others = _pieces(first), _pieces(second)
    return bool(pieces) and len(pieces & others) >= ALIKE * len(pieces | others)


def find(session: Session, message: Message, found: Iterable[int], received_at: dt.datetime) -> tuple[int, ...]:
    """Tickets with the same wording from the same sender within days, to be proposed as duplicates.

    Args:
        session: the transaction.
        message: the message.
        found: its keys.
        received_at: its receipt, aware.
    """
    wanted = list(found)
    if not wanted:
        return ()
    sender = correspondent(message)
    days = dt.timedelta(days=DAYS)
    written = func.coalesce(func.nullif(Entry.text, ""), Entry.full_text)
    candidates = (
        select(Entry.ticket_id, Entry.author, Entry.address, written)
        .where(col(Entry.id).in_(select(Wording.entry_id).where(col(Wording.key).in_(wanted))))
        .where(col(Entry.received_at).between(received_at - days, received_at + days))
        .order_by(col(Entry.id).desc())
        .limit(_MOST)
    )
    if sender.address:  # A letter has no address; the same wording by mail and by letter is one matter all the same.
        candidates = candidates.where(col(Entry.address).in_([sender.address, ""]))
    text = message.text or message.full_text
    same = (
        ticket_id
        for ticket_id, author, address, other in session.exec(candidates)
        if ((sender.address and address == sender.address) or _may_be_one(sender.name, author)) and alike(text, other)
    )
    return tuple(sorted(set(same)))


def _may_be_one(name: str, other: str) -> bool:
    """Whether two names may be of one person: a word in common, or one of them unknown. Forms have many senders."""
    words, others = (set(fold(text).split()) for text in (name, other))
    return not words or not others or bool(words & others)


def _wording(text: str) -> str:
    return _STOCK.sub(" ", fold(text[: 2 * LONGEST]))


def _pieces(wording: str) -> frozenset[str]:
    joined = wording.replace(" ", "")[:LONGEST]
    if len(joined) < SHORTEST:
        return frozenset()
    return frozenset(joined[at : at + _PIECE] for at in range(len(joined) - _PIECE + 1))


def _slots(pieces: frozenset[str]) -> list[int]:
    """The least hash that falls into each slot; empty for no pieces."""
    least: list[int | None] = [None] * _SLOTS
    for piece in pieces:
        value = zlib.crc32(piece.encode()) * _SPREAD & _WORD
        slot = value * _SLOTS >> 32
        held = least[slot]
        if held is None or value < held:
            least[slot] = value
    if not pieces:
        return []
    return [_held(least, slot) for slot in range(_SLOTS)]


def _held(least: list[int | None], slot: int) -> int:
    """A slot's value, else that of the next one that has any, marked with the distance."""
    for distance in range(_SLOTS):
        value = least[(slot + distance) % _SLOTS]
        if value is not None:
            return value + (distance << 32)
    return 0


def _numbers(wording: str) -> list[str]:
    return sorted(set(_NUMBER.findall(wording)))[:200]


def _share(numbers: list[str], others: list[str]) -> bool:
    """Whether more than half of the fewer numbers are among the others; where one has none, nothing speaks against."""
    fewer, more = sorted((numbers, others), key=len)
    if not fewer:
        return True
    return 2 * sum(any(_nearly(number, other) for other in more) for number in fewer) > len(fewer)


def _nearly(number: str, other: str) -> bool:
    """Whether one character was mistaken, lost or added, of at least four."""
    if number == other:
        return True
    shorter = min(len(number), len(other))
    if shorter < _SAME_NUMBER:
        return False
    at = next((at for at in range(shorter) if number[at] != other[at]), shorter)
    rest, other_rest = number[at:], other[at:]
    return rest[1:] == other_rest[1:] or rest == other_rest[1:] or rest[1:] == other_rest
