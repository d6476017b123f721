"""Mail addresses and telephone numbers."""

import re
from collections.abc import Iterator

from classify.candidates import Candidate, Setting
from models.classification import Check

REGION = "DE"
"""Where a number without country code is dialled."""

_EMAIL = re.compile(
    r"(?<![\w.%+-])[A-Z\d_%+-](?:[A-Z\d._%+-]{0,62}[A-Z\d_%+-])?@(?:[A-Z\dÄÖÜ-]{1,63}\.){1,5}[A-Z]{2,18}(?![\w@])",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w.,+/-])(?:(?:\+|00)[ ]?[1-9]\d{0,2}[ ./()-]{0,3}(?:\(0\)[ ]?)?\d(?:[ ./()-]{0,3}\d){5,13}"
    r"|\(?0[1-9]\d{0,4}\)?[ ]{0,2}[/–-]?[ ]{0,2}\d(?:[ ./-]{0,2}\d){3,11})(?!\d|[.,/]\d)"
)
_LABEL = re.compile(
    r"(?:tel\w*|fon|phone|mobil\w*|handy\w*|fax|ruf\w*|anruf\w*|erreich\w*|unter|"
    r"nummer|nr\.?|whatsapp|cep)\W{0,4}(?:\w+\W{1,3}){0,3}$",
    re.IGNORECASE,
)


def find_emails(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Mail addresses, in lower case."""
    for match in _EMAIL.finditer(text):
        yield Candidate("email", *match.span(), match[0].lower(), Check.unchecked)


def find_phones(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Telephone numbers as E.164; numbers of a length that the network does not have need a label."""
    for match in _PHONE.finditer(text):
        if (candidate := _phone(text, match)) is not None:
            yield candidate


def _phone(text: str, match: re.Match[str]) -> Candidate | None:
    # Its metadata take 20 ms to load; most messages have no candidate.
    import phonenumbers

    try:
        number = phonenumbers.parse(match[0].replace("(0)", ""), REGION)
    except phonenumbers.NumberParseException:
        return None
    valid = phonenumbers.is_valid_number(number)
    labelled = bool(_LABEL.search(text[max(0, match.start() - 40) : match.start()]))
    if not valid and not (
        sum(map(str.isdigit, match[0])) >= 7
        and phonenumbers.is_possible_number(number)
        and (labelled or _looks_dialled(match[0]))
    ):
        return None
    value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Candidate("telefon", *match.span(), value, Check.valid if valid else Check.unchecked)


def _looks_dialled(written: str) -> bool:
    """Whether an area code is set off, or a country code stands before it."""
    return sum(map(str.isdigit, written)) >= 9 and bool(re.match(r"\+|00|\(0|01[567]\d|0\d{1,4}[ ]?[/–]", written))
