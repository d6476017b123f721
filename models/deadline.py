"""Deadline rules as data, and the deadlines that they give. The law moves: rules carry their period of validity."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a period is counted in."""

    hours = "hours"
    days = "days"
    """Calendar days (BGB §187(1), §188(1))."""
    weeks = "weeks"
    """BGB §188(2)."""
    months = "months"
    """BGB §188(2), (3)."""
    werktage = "werktage"
    """Monday to Saturday without holidays."""
    business_days = "business_days"
    """Monday to Friday without holidays."""
    bdew_werktage = "bdew_werktage"
    """Working days of the BDEW market calendar."""


class DeadlineKind(StrEnum):
    """What happens when a period ends, and whose period it is."""

    statutory_reply = "statutory_reply"
    statutory_act = "statutory_act"
    statutory_option = "statutory_option"
    customer_right = "customer_right"
    waiting_period = "waiting_period"
    dunning_hold = "dunning_hold"
    halt = "halt"
    form_check = "form_check"
    stated = "stated"
    internal_sla = "internal_sla"
    internal_alarm = "internal_alarm"


class Start(StrEnum):
    """The event that sets a period running."""

    receipt = "receipt"
    """Zugang: known of every message."""
    other = "other"
    """An event that only a person or a document knows (contract, service, order)."""


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """A period that a concern sets running."""

    key: str
    """Concern and position, such as ``"beschwerde.1"``; stands on every deadline it gives."""
    amount: int
    unit: Unit
    start: Start
    event: str
    """The starting event in the words of the statute, such as ``"zugang"`` or ``"vertragsschluss"``."""
    kind: DeadlineKind
    legal_basis: str
    verified: bool
    """Whether the statute's text was read for it."""
    condition: str = ""
    """What must hold besides the concern; empty for always. Only a person knows."""
    note: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    """Last day on which the rule holds."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A period running on a ticket."""

    rule: DeadlineRule
    starts_on: dt.date
    """The day of the event, which does not count (BGB §187(1))."""
    legal_due: dt.date
    """Last day, moved to the next working day where BGB §193 says so."""
    safe_due: dt.date
    """Last working day on or before the unmoved end: what the office works to."""
