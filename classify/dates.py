"""Dates, German, ISO and in the languages of the customers; without a year the one nearest to the day of receipt."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import NamedTuple

from classify.candidates import Candidate, Setting
from models.classification import Check

_NAMES = (
    "januar jänner jan january ocak stycznia января січня يناير",
    "februar feber feb february şubat lutego февраля лютого فبراير",
    "märz maerz mär mrz mar march mart marca марта березня مارس",
    "april apr nisan kwietnia апреля квітня أبريل",
    "mai may mayıs maja мая травня مايو",
    "juni jun june haziran czerwca июня червня يونيو",
    "juli jul july temmuz lipca июля липня يوليو",
    "august aug ağustos sierpnia августа серпня أغسطس",
    "september sept sep eylül września сентября вересня سبتمبر",
    "oktober okt october oct ekim października октября жовтня أكتوبر",
    "november nov kasım listopada ноября листопада نوفمبر",
    "dezember dez december dec aralık grudnia декабря грудня ديسمبر",
)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
MONTHS = {name: number for number, names in enumerate(_NAMES, 1) for name in names.split()} | {
    roman: number for number, roman in enumerate(_ROMAN, 1)
}
_MONTH = "|".join(sorted(MONTHS.keys() - set(_ROMAN), key=len, reverse=True))
_YEAR = r"(?:[ ]?(?P<year{n}>(?:19|20)\d{{2}}|'?\d{{2}}(?!\d|[.,:]\d|[ ]?(?:uhr|€|eur|kwh)\b)))"
_DATE = re.compile(
    r"(?<![\w.,/-])(?<!\d:)(?:"
    r"(?P<iso>(?:19|20)\d{2}-\d{2}-\d{2})(?!\d)"
    r"|(?P<day1>\d{1,2})[.][ ]?(?P<month1>\d{1,2})[.]" + _YEAR.format(n=1) + r"?(?![\d]|[.]\d)"
    r"|(?P<day2>\d{1,2})(?P<sign>[/-])(?P<month2>\d{1,2})(?P=sign)(?P<year2>(?:19|20)\d{2}|\d{2})(?![\d/-])"
    r"|(?P<day3>\d{1,2})(?:[.]|st|nd|rd|th)?[ ]?(?:of[ ])?(?P<month3>"
    + _MONTH
    + r")\b[.]?,?"
    + _YEAR.format(n=3)
    + r"?"
    r"|(?P<month4>"
    + _MONTH
    + r")[ ](?P<day4>\d{1,2})(?:st|nd|rd|th)?\b(?:,?[ ](?P<year4>(?:19|20)\d{2}))?(?![.:]\d|[.] ?\d)"
    r"|(?P<day6>\d{1,2})[.][ ]?(?P<month6>(?-i:X?I{1,3}|I?V|VI{1,3}|I?X))[.]"
    + _YEAR.format(n=6)
    + r"|(?P<day5>\d{1,2})[.](?P<month5>\d{1,2})(?![\d.,:/-]|[ ]?(?:uhr|€|eur|kwh|kw|m³|m3|ct|%|prozent)\b))",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"(?:k(?:ü|ue)ndig|beend|zieh|umzug|frist|spätestens|termin|endet)[^.\n]{0,40}\b(?:zum|ab|bis|am|den|dem)[ ]$",
    re.IGNORECASE,
)
_UNTIL = re.compile(r"[ ]?(?:bis|-|–|und|to|until)?[ ]?(?:zum[ ])?")


class _Written(NamedTuple):
    start: int
    end: int
    day: int
    month: int
    year: int | None


def find_dates(text: str, setting: Setting) -> Iterator[Candidate]:
    """Dates of the calendar; ``unchecked`` where the year was not written."""
    dates = list(_written(text, setting.received_on))
    for at, date in enumerate(dates):
        following = dates[at + 1] if at + 1 < len(dates) else None
        ahead = bool(_AHEAD.search(text[max(0, date.start - 60) : date.start]))
        year = _year_of_range(text, date, following)
        if (found := _resolved(date, year, setting.received_on, ahead=ahead)) is not None:
            check = Check.unchecked if date.year is None else Check.valid
            yield Candidate("datum", date.start, date.end, found.isoformat(), check)


def _written(text: str, received_on: dt.date | None) -> Iterator[_Written]:
    for match in _DATE.finditer(text):
        if text.startswith("Straße des ", match.start() - 11):
            continue
        if match["iso"]:
            year, month, day = (int(part) for part in match["iso"].split("-"))
            yield _Written(*match.span(), day, month, year)
        elif match["day5"] and not _after_preposition(text, match.start()):
            continue
        else:
            yield _parts(match, received_on, _end(text, match))


def _after_preposition(text: str, start: int) -> bool:
    """Whether "1.3" is a date: only after a word that dates follow."""
    return bool(
        re.search(r"\b(?:am|vom|zum|ab|bis|seit|dem|den|per)[ ]$", text[max(0, start - 8) : start], re.IGNORECASE)
    )


def _end(text: str, match: re.Match[str]) -> int:
    """The end of what was matched, without a comma that closes it."""
    return match.start() + len(text[match.start() : match.end()].rstrip(" ,"))


def _parts(match: re.Match[str], received_on: dt.date | None, end: int) -> _Written:
    groups = match.groupdict()
    day, month, year = (
        next((groups[f"{part}{n}"] for n in range(1, 7) if groups.get(f"{part}{n}")), None)
        for part in ("day", "month", "year")
    )
    number = int(month or 0) if (month or "").isdigit() else MONTHS[str(month).lower()]
    return _Written(match.start(), end, int(day or 0), number, _full_year(year, received_on))


def _full_year(year: str | None, received_on: dt.date | None) -> int | None:
    """Two digits are of this century up to ten years ahead."""
    if year is None:
        return None
    number = int(year.lstrip("'"))
    if number >= 100:
        return number
    latest = (received_on.year if received_on else 2030) % 100 + 10
    return 2000 + number if number <= latest else 1900 + number


def _year_of_range(text: str, date: _Written, following: _Written | None) -> int | None:
    """In "01.01. bis 31.12.2025" the year stands only once."""
    if date.year is not None or following is None or following.year is None:
        return date.year
    between = text[date.end : following.start]
    return following.year if between.strip() and _UNTIL.fullmatch(between) else None


def _resolved(date: _Written, year: int | None, received_on: dt.date | None, *, ahead: bool) -> dt.date | None:
    """The day, nearest to the receipt (or the next, if ``ahead``) without a year; None if the calendar has none."""
    if year is not None:
        return _day(year, date)
    if received_on is None:
        return None
    days = [day for offset in (-1, 0, 1) if (day := _day(received_on.year + offset, date)) is not None]
    if ahead and (coming := [day for day in days if day >= received_on - dt.timedelta(weeks=2)]):
        return min(coming)
    return min(days, key=lambda day: abs(day - received_on), default=None)


def _day(year: int, date: _Written) -> dt.date | None:
    try:
        return dt.date(year, date.month, date.day)
    except ValueError:
        return None
