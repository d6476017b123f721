"""BGB §§187 to 193 over the holidays of different Länder; the examples of the domain notes and the edges beyond."""

import datetime as dt

import pytest

from models.deadline import DeadlineKind, Start, Unit
from models.errors import ConfigError
from tests.tickets.cases import NW, rule
from tickets.due import add_months, calendar_for, deadline, deadlines

D = dt.date.fromisoformat


@pytest.mark.parametrize(
    ("received", "amount", "unit", "legal", "safe"),
    [
        # The examples of the domain notes: second Christmas day, short February, its end on a Saturday, Corpus Christi.
        ("2025-11-28", 4, Unit.weeks, "2025-12-29", "2025-12-24"),
        ("2025-01-31", 1, Unit.months, "2025-02-28", "2025-02-28"),
        ("2026-01-30", 1, Unit.months, "2026-03-02", "2026-02-27"),
        ("2025-06-12", 1, Unit.weeks, "2025-06-20", "2025-06-18"),
        # Eight working days in their three meanings.
        ("2025-12-15", 8, Unit.werktage, "2025-12-24", "2025-12-24"),
        ("2025-12-15", 8, Unit.business_days, "2025-12-29", "2025-12-29"),
        ("2025-12-15", 8, Unit.bdew_werktage, "2025-12-30", "2025-12-30"),
        # Withdrawal, third-party debtor.
        ("2025-12-11", 14, Unit.days, "2025-12-29", "2025-12-24"),
        ("2025-12-18", 2, Unit.weeks, "2026-01-02", "2025-12-31"),
        # Leap years and year ends.
        ("2024-01-31", 1, Unit.months, "2024-02-29", "2024-02-29"),
        ("2023-12-31", 2, Unit.months, "2024-02-29", "2024-02-29"),
        ("2024-02-29", 12, Unit.months, "2025-02-28", "2025-02-28"),
        ("2025-11-30", 3, Unit.months, "2026-03-02", "2026-02-27"),
        ("2026-12-31", 1, Unit.days, "2027-01-04", "2026-12-31"),
        # Easter: Good Friday to Easter Monday.
        ("2026-03-27", 1, Unit.weeks, "2026-04-07", "2026-04-02"),
        # Ends on a Saturday, on a Sunday.
        ("2026-01-10", 1, Unit.weeks, "2026-01-19", "2026-01-16"),
        ("2026-01-11", 2, Unit.weeks, "2026-01-26", "2026-01-23"),
        # The Saturday counts as a Werktag, but a period does not end on it.
        ("2026-01-08", 2, Unit.werktage, "2026-01-12", "2026-01-09"),
        # At once, received on a Saturday: nobody can have worked before it came.
        ("2026-01-10", 0, Unit.days, "2026-01-12", "2026-01-12"),
        ("2026-01-08", 0, Unit.business_days, "2026-01-08", "2026-01-08"),
        # Hours are for alarms: somebody is on duty on Sundays, too.
        ("2026-01-11", 4, Unit.hours, "2026-01-11", "2026-01-11"),
        ("2026-01-11", 24, Unit.hours, "2026-01-12", "2026-01-12"),
    ],
)
def test_period_ends_where_the_law_says(received: str, amount: int, unit: Unit, legal: str, safe: str) -> None:
    ends = deadline(rule("r", amount, unit), D(received), NW)
    assert (ends.starts_on, ends.legal_due, ends.safe_due) == (D(received), D(legal), D(safe))


@pytest.mark.parametrize(
    ("land", "received", "legal"),
    [
        # Corpus Christi: in Nordrhein-Westfalen and Bayern, not in Berlin or Hamburg.
        ("NW", "2025-06-12", "2025-06-20"),
        ("BY", "2025-06-12", "2025-06-20"),
        ("BE", "2025-06-12", "2025-06-19"),
        ("HH", "2025-06-12", "2025-06-19"),
        # Reformation Day (a Friday in 2025) in the north, All Saints' in the west, Repentance Day in Sachsen.
        ("HH", "2025-10-24", "2025-11-03"),
        ("NW", "2025-10-24", "2025-10-31"),
        ("SN", "2025-11-12", "2025-11-20"),
        ("NW", "2025-11-12", "2025-11-19"),
        # Epiphany in Baden-Württemberg, Women's Day (a Sunday in 2026) in Berlin, Children's Day in Thüringen.
        ("BW", "2025-12-30", "2026-01-07"),
        ("NW", "2025-12-30", "2026-01-06"),
        ("TH", "2027-09-13", "2027-09-21"),
        ("BE", "2027-03-01", "2027-03-09"),
    ],
)
def test_holidays_are_those_of_the_land(land: str, received: str, legal: str) -> None:
    assert deadline(rule("r", 1, Unit.weeks), D(received), calendar_for(land)).legal_due == D(legal)


def test_a_waiting_period_is_not_moved_and_its_safe_day_comes_after_it() -> None:
    # Ends on Saturday 2026-01-24.
    waiting = rule("r", 2, Unit.weeks, kind=DeadlineKind.waiting_period)
    ends = deadline(waiting, D("2026-01-10"), NW)
    assert (ends.legal_due, ends.safe_due) == (D("2026-01-24"), D("2026-01-26"))


def test_no_safe_date_is_after_the_legal_one_and_none_is_before_the_receipt() -> None:
    first = D("2024-01-01")
    units = [unit for unit in Unit if unit is not Unit.hours]
    for offset in range(0, 900, 3):
        day = first + dt.timedelta(days=offset)
        for unit in units:
            ends = deadline(rule("r", 2, unit), day, NW)
            assert day <= ends.safe_due <= ends.legal_due
            assert ends.legal_due.weekday() < 5
            assert not NW.is_holiday(ends.legal_due)


def test_only_rules_that_need_no_human_knowledge_run_by_themselves() -> None:
    rules = [
        rule("runs", 1, Unit.weeks),
        rule("asks", 1, Unit.weeks, condition="grundversorgung"),
        rule("elsewhere", 14, Unit.days, start=Start.other, event="vertragsschluss"),
    ]
    assert [ends.rule.key for ends in deadlines(rules, D("2026-01-08"), NW)] == ["runs"]


def test_the_rule_is_the_one_that_was_law_on_the_day_of_receipt() -> None:
    old = rule("old", 2, Unit.weeks, valid_to=D("2025-12-31"))
    new = rule("new", 1, Unit.weeks, valid_from=D("2026-01-01"))
    assert [e.rule.key for e in deadlines([old, new], D("2025-12-31"), NW)] == ["old"]
    assert [e.rule.key for e in deadlines([old, new], D("2026-01-01"), NW)] == ["new"]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [("2025-12-31", 2, "2026-02-28"), ("2025-12-31", 14, "2027-02-28"), ("2026-03-31", 1, "2026-04-30")],
)
def test_months_across_years(day: str, months: int, expected: str) -> None:
    assert add_months(D(day), months) == D(expected)


def test_unknown_land_is_told_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'region' = 'XX' is no German Land. Known: BB, BE, BW"):
        calendar_for("XX")
