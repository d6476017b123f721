"""When a period ends: BGB §§187 to 193 over the holidays of a Land. Pure; the rules are data (``models.deadline``)."""

import calendar as months
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Protocol

from models.deadline import Deadline, DeadlineKind, DeadlineRule, Start, Unit
from models.errors import ConfigError

_DAY = dt.timedelta(days=1)
_SATURDAY = 5
_HOURS_A_DAY = 24

NOT_OURS: frozenset[DeadlineKind] = frozenset({DeadlineKind.customer_right, DeadlineKind.waiting_period})
"""Periods that the customer or nobody has to keep: shown on the ticket, but not what the office works to."""


class Calendar(Protocol):
    """Which days are worked on."""

    def is_holiday(self, day: dt.date) -> bool:
        """It is a public holiday of the Land."""
        ...

    def is_market_day(self, day: dt.date) -> bool:
        """It is a working day of the BDEW calendar: holidays of any Land, 24 and 31 December are none."""
        ...


class LandCalendar:
    """The public holidays of one Land; holidays of single towns (Augsburg, catholic parishes) are not in it."""

    def __init__(self, land: str) -> None:
        # Here and not at the top: 0.2 s that only those pay who compute dates.
        from holidays.countries.germany import Germany

        if land not in Germany.subdivisions:
            known = ", ".join(name for name in Germany.subdivisions if len(name) == 2)
            raise ConfigError(f"'region' = '{land}' is no German Land. Known: {known}.")
        self.land = land
        self._holidays = Germany(subdiv=land)

    def is_holiday(self, day: dt.date) -> bool:
        """It is a public holiday of the Land."""
        return day in self._holidays

    def is_market_day(self, day: dt.date) -> bool:
        """It is a working day of the BDEW calendar."""
        from bdew_datetimes import is_bdew_working_day

        return is_bdew_working_day(day)


@cache
def calendar_for(region: str) -> Calendar:
    """The calendar of a Land by its code in ISO 3166-2:DE, such as ``"NW"``.

    Raises:
        ConfigError: if there is no such Land.
    """
    return LandCalendar(region)


def deadlines(rules: Iterable[DeadlineRule], received_on: dt.date, calendar: Calendar) -> Iterator[Deadline]:
    """The periods that the receipt of a message sets running without any further knowledge.

    Args:
        rules: of the message's concerns.
        received_on: day of receipt (Zugang) in the house's time zone.
        calendar: of the house's Land.
    """
    for rule in rules:
        if rule.start is Start.receipt and not rule.condition and holds_on(rule, received_on):
            yield deadline(rule, received_on, calendar)


def holds_on(rule: DeadlineRule, day: dt.date) -> bool:
    """Whether the rule is law on ``day``; both ends of its validity count."""
    return (rule.valid_from is None or rule.valid_from <= day) and (rule.valid_to is None or day <= rule.valid_to)


def deadline(rule: DeadlineRule, starts_on: dt.date, calendar: Calendar) -> Deadline:
    """The end of one period.

    * The day of the event does not count (§187(1)); weeks and months end on the day of the same name or number
      (§188(2)), a missing number on the month's last day (§188(3)).
    * An end on a Saturday, Sunday or holiday moves to the next working day (§193): ``legal_due``. ``safe_due`` is the
      last working day on or before the unmoved end, but never before the event itself.
    * Hours are for alarms: their day is not moved, somebody is always on duty.
    * A waiting period is no time in which something is to be done, so §193 does not move it; the safe day to act is
      the first working day from its end.
    """
    end = _end(starts_on, rule.amount, rule.unit, calendar)
    if rule.unit is Unit.hours:
        return Deadline(rule, starts_on, end, end)
    following = _next(end, _DAY, lambda day: is_business_day(day, calendar))
    if rule.kind is DeadlineKind.waiting_period:
        return Deadline(rule, starts_on, end, following)
    preceding = _next(end, -_DAY, lambda day: is_business_day(day, calendar))
    return Deadline(rule, starts_on, following, preceding if preceding >= starts_on else following)


def is_business_day(day: dt.date, calendar: Calendar) -> bool:
    """Monday to Friday and no holiday: what §193 means by neither Saturday nor Sunday nor holiday."""
    return day.weekday() < _SATURDAY and not calendar.is_holiday(day)


def is_werktag(day: dt.date, calendar: Calendar) -> bool:
    """Monday to Saturday and no holiday."""
    return day.weekday() <= _SATURDAY and not calendar.is_holiday(day)


def add_months(day: dt.date, amount: int) -> dt.date:
    """The day of the same number ``amount`` months later, or that month's last day (BGB §188(3)).

    >>> add_months(dt.date(2024, 1, 31), 1)
    datetime.date(2024, 2, 29)
    """
    years, month = divmod(day.month - 1 + amount, 12)
    last = months.monthrange(day.year + years, month + 1)[1]
    return dt.date(day.year + years, month + 1, min(day.day, last))


_COUNTED: dict[Unit, Callable[[dt.date, Calendar], bool]] = {
    Unit.werktage: is_werktag,
    Unit.business_days: is_business_day,
    Unit.bdew_werktage: lambda day, calendar: calendar.is_market_day(day),
}


def _end(starts_on: dt.date, amount: int, unit: Unit, calendar: Calendar) -> dt.date:
    """The last day of the period, not moved."""
    match unit:
        case Unit.hours:
            return starts_on + _DAY * (amount // _HOURS_A_DAY)
        case Unit.days:
            return starts_on + _DAY * amount
        case Unit.weeks:
            return starts_on + _DAY * (7 * amount)
        case Unit.months:
            return add_months(starts_on, amount)
        case _:
            return _count(starts_on, amount, lambda day: _COUNTED[unit](day, calendar))


def _count(day: dt.date, amount: int, counts: Callable[[dt.date], bool]) -> dt.date:
    """The ``amount``-th day after ``day`` that counts."""
    while amount > 0:
        day += _DAY
        amount -= counts(day)
    return day


def _next(day: dt.date, step: dt.timedelta, wanted: Callable[[dt.date], bool]) -> dt.date:
    """The first wanted day from ``day`` on, itself included."""
    while not wanted(day):
        day += step
    return day
