"""What the classifier says about a message, and the taxonomy it speaks in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.deadline import DeadlineRule


class MarketRole(StrEnum):
    """The role of the energy market that a case belongs to (EnWG §6a keeps them apart)."""

    lieferant = "lieferant"
    netz = "netz"
    msb = "msb"
    wasser = "wasser"
    alle = "alle"


@dataclass(frozen=True, slots=True)
class Queue:
    """A tray of the back office."""

    key: str
    label_de: str
    label_en: str
    market_role: MarketRole


@dataclass(frozen=True, slots=True)
class Concern:
    """An Anliegen: one thing that a sender may want done."""

    key: str
    label_de: str
    label_en: str
    definition: str
    queue: str
    market_role: MarketRole
    priority: int
    """0 at once, 1 very high, 2 high, 3 normal, 4 low."""
    deadlines: tuple[DeadlineRule, ...] = ()
    neighbours: tuple[tuple[str, str], ...] = ()
    """Key of another concern and what belongs there instead."""
    extract: tuple[str, ...] = ()
    """What an agent needs to know to work on it, such as ``"datum_uebergabe"``."""
    flags: tuple[str, ...] = ()
    """Such as ``"vier_augen"``: two people must look."""
    handling: str = ""
    """A hint for the agent."""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All concerns and queues of a house."""

    concerns: Mapping[str, Concern]
    queues: Mapping[str, Queue]
    default: str
    """Key of the concern for what is none of the others."""
    danger: str
    """Key of the concern that an alarm makes primary."""
    clarification: str
    """Key of the queue for what nobody could decide."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Keys that the house renamed or merged, with what became of them: how older models and messages are read."""


class DangerLevel(StrEnum):
    """How soon a person must look: now, or within 15 minutes."""

    alarm = "alarm"
    check = "check"


@dataclass(frozen=True, slots=True)
class Danger:
    """A danger to life or supply that the message speaks of."""

    level: DangerLevel
    reason: str
    """What was found and, for a check, what lowered it: a sentence for the agent."""
    passage: str
    """The words of the message it was found in."""


class Check(StrEnum):
    """What the check digit, or the calendar, says of a mention."""

    valid = "valid"
    invalid = "invalid"
    unchecked = "unchecked"


@dataclass(frozen=True, slots=True)
class Mention:
    """An identifier, amount, date or place that stands in a message."""

    kind: str
    """Such as ``"iban"`` or ``"zaehlerstand"``."""
    text: str
    """As written."""
    value: str
    """Normalised: no blanks, ISO 8601 dates, decimal point."""
    check: Check
    start: int
    """Offset in characters into subject + newline + body."""
    end: int


@dataclass(frozen=True, slots=True)
class Score:
    """A concern and how sure the classifier is of it."""

    concern: str
    confidence: float
    """Calibrated probability, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage of the message and how much it spoke for the primary concern."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Which model decided."""

    name: str
    version: str
    corpus_sha256: str
    """Hash over the training corpus, 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Query:
    """What the classifier is given of a message."""

    subject: str
    body: str
    channel: str
    """``"email"`` or ``"letter"``."""
    received_on: str
    """ISO 8601 date that dates without a year are read against; empty if unknown."""


@dataclass(frozen=True, slots=True)
class Classification:
    """All that was found in one message without looking at any other."""

    primary: str | None
    """Key of the primary concern; None where the classifier abstains, or no model is there."""
    concerns: tuple[Score, ...] = ()
    """The primary and further concerns that are likely enough."""
    ranking: tuple[Score, ...] = ()
    """The five most likely, most likely first, whether decided or not."""
    decided: bool = False
    """Sure enough to route by."""
    danger: Danger | None = None
    language: str = ""
    """ISO 639-1; empty if it cannot be told."""
    mentions: tuple[Mention, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    model: ModelVersion | None = None
    """None where no model took part."""
