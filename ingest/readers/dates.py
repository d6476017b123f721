"""The Date field (RFC 5322, 3.3) as mail programs of forty years have written it."""

import datetime as dt
import re

_MONTHS = {
    "jan": 1, "jän": 1, "feb": 2, "mar": 3, "mär": 3, "mrz": 3, "mae": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12,
}  # fmt: skip
_HOURS = {
    "mez": 1, "met": 1, "cet": 1, "mesz": 2, "mest": 2, "cest": 2, "eet": 2, "eest": 3, "bst": 1, "msk": 3,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip
_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)(?:[T ]\s*(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))?)?"
)
_MONTH = "(?P<name>" + "|".join(_MONTHS) + ")[a-zäé]*"
_DAY_FIRST = re.compile(rf"(?<!\d)(?P<day>\d\d?)[\s.,-]*{_MONTH}[\s.,-]*(?P<year>\d{{2,4}})(?![\d:])", re.IGNORECASE)
_MONTH_FIRST = re.compile(
    rf"{_MONTH}[\s.]*(?P<day>\d\d?)(?![\d:])(?:.*?)(?<![\d:+-])(?P<year>\d{{4}})(?!\d)", re.IGNORECASE
)
_NUMERIC = re.compile(r"(?<!\d)(?P<day>\d\d?)(?P<mark>[./])(?P<month>\d\d?)[./](?P<year>\d{2,4})(?!\d)")
_TIME = re.compile(r"(?<!\d)(\d\d?)[:.](\d\d)(?:[:.](\d\d))?(?:[.,]\d+)?\s*([ap]m\b)?", re.IGNORECASE)
_OFFSET = re.compile(r"(?:GMT|UTC?)?\s*([+-])\s*(\d\d|\d(?=:?\d\d(?!\d)|(?!\d)))(?::?(\d\d))?(?!\d)")
_YEARS = range(1980, 2101)


def parse_date(text: str) -> dt.datetime | None:
    """The moment a Date field names; None if it names none, or one no mail can come from. UTC where no zone is given.

    >>> parse_date("Mon,20Nov1995 19:12:08-0500").isoformat()
    '1995-11-20T19:12:08-05:00'
    """
    text = re.sub(r"\([^()]*\)", " ", text[:200])
    day = _ISO.search(text) or _DAY_FIRST.search(text) or _MONTH_FIRST.search(text) or _NUMERIC.search(text)
    if not day:
        return None
    year, month, number = _numbers(day.groupdict())
    rest = text[: day.start()] + " " + text[day.end() :]
    if day.groupdict().get("hour"):
        rest = f"{day['hour']}:{day['minute']}:{day['second'] or '00'} {text[day.end() :]}"
    elif day.re is _MONTH_FIRST:
        rest = text
    hour, minute, second, rest = _clock(rest)
    if year not in _YEARS:
        return None
    try:
        return dt.datetime(year, month, number, hour, minute, min(second, 59), tzinfo=_zone(rest))
    except ValueError:
        return None


def _numbers(found: dict[str, str | None]) -> tuple[int, int, int]:
    """Year, month, day."""
    year, day = int(found["year"] or 0), int(found["day"] or 0)
    if year < 1000:  # RFC 5322, 4.3: two and three digits
        year += 2000 if year < 50 else 1900
    name = found.get("name")
    month = _MONTHS[name[:3].lower()] if name else int(found.get("month") or 0)
    if found.get("mark") == "/" and (day <= 12 or month > 12) and month:
        day, month = (month, day) if month > 12 or day <= 12 else (day, month)
    return year, month, day


def _clock(text: str) -> tuple[int, int, int, str]:
    """Hour, minute, second, and the text after them."""
    match = _TIME.search(text)
    if not match:
        return 0, 0, 0, text
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        hour = hour % 12 + (12 if match[4].lower() == "pm" else 0)
    return hour, minute, second, text[match.end() :]


def _zone(text: str) -> dt.tzinfo:
    match = _OFFSET.search(text)
    if match:
        offset = dt.timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        if offset <= dt.timedelta(hours=15):
            return dt.timezone(offset if match[1] == "+" else -offset)
    for word in re.findall(r"[A-Za-z]+", text):
        if word.lower() in _HOURS:
            return dt.timezone(dt.timedelta(hours=_HOURS[word.lower()]))
    return dt.UTC
