"""Numbers with a form of their own: IBAN, BIC, market and metering locations, meters, OBIS codes, registered mail.

An OCR error is undone only where a letter stands for a digit and the check digit then holds.
"""

import re
from collections.abc import Iterator

from classify.candidates import Candidate, Setting
from models.classification import Check

IBAN_LENGTHS = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24,
    "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IT": 27, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19,
    "SK": 24, "TR": 26, "UA": 29,
}  # fmt: skip
"""Characters of an IBAN by country (ISO 13616)."""
_COUNTRY = "|".join((*IBAN_LENGTHS, *map(str.lower, IBAN_LENGTHS)))
_IBAN = re.compile(rf"(?<![^\W_])({_COUNTRY})[ ]?((?:\d[\dOIlSBZ]|[OIlSBZ]\d)(?:[ .-]{{0,2}}[A-Za-z\d|]){{11,30}})")
_MELO = re.compile(r"(?<![^\W_])DE[ ]?(?:\d[ ]?){11}(?:[A-Z\d][ ]?){19}[A-Z\d](?![^\W_])", re.IGNORECASE)
_METER = re.compile(
    r"(?<![^\W_])([15-9E])[ -]?([A-Z]{3})[ -]?([0-9A-F]{2})[ -]?(\d(?:[ -]?\d){7})(?![ -]?\d|[^\W_])", re.IGNORECASE
)
_MONTHS = {"JAN", "FEB", "MAR", "APR", "MAI", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "OKT", "NOV", "DEC", "DEZ"}
_OBIS = re.compile(r"(?<![\d.,:-])(?:\d-\d{1,3}:)?\d{1,2}\.8\.[0-4](?:\*\d{1,3})?(?![\d]|\.\d)")
_BIC = re.compile(r"\b(?:BIC|SWIFT)(?:-Code)?[ \t:.=]{0,6}([A-Z]{4} ?[A-Z]{2} ?[A-Z\d]{2}(?: ?[A-Z\d]{3})?)(?![^\W_])")
_REGISTERED = re.compile(r"(?<![^\W_])[A-Z]{2} ?\d(?: ?\d){8} ?DE(?![^\W_])")
_MALO = re.compile(r"(?<![\w.,/+-])[1-9](?: ?\d){10}(?![\w/]|[.,-]\d)")
_MALO_LABEL = re.compile(
    r"\b(?:malo|marktlokation\w{0,3})(?:[ -]?(?:id|nr\.?|nummer|identifikationsnummer))?[^\d\n]{0,25}?"
    r"(?<!\w)([1-9](?: "
    r"?[\dOIlSBZ|]){10})(?![\w])",
    re.IGNORECASE,
)
_AS_DIGIT = str.maketrans(
    {"O": "0", "o": "0", "I": "1", "l": "1", "i": "1", "|": "1", "S": "5", "s": "5", "B": "8", "Z": "2", "z": "2"}
)
_SEPARATORS = re.compile(r"[ .\t-]")


def malo_check_digit(first_ten: str) -> str:
    """The eleventh digit of a Marktlokations-ID: what lacks to the next ten of Σ odd places + 2·Σ even places.

    >>> malo_check_digit("5123869678")
    '1'
    """
    digits = [int(digit) for digit in first_ten]
    return str(-(sum(digits[::2]) + 2 * sum(digits[1::2])) % 10)


def malo_holds(number: str) -> bool:
    """Whether a number is a Marktlokations-ID with the right check digit.

    >>> malo_holds("51238696781"), malo_holds("51238696782")
    (True, False)
    """
    return bool(re.fullmatch(r"[1-9]\d{10}", number)) and malo_check_digit(number[:10]) == number[10]


def registered_holds(number: str) -> bool:
    """Whether the check digit of an UPU S10 label (two letters, nine digits, DE) is right.

    >>> registered_holds("RR123456785DE"), registered_holds("RR123456789DE")
    (True, False)
    """
    weights = (8, 6, 4, 2, 3, 5, 9, 7)
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(number[2:10], weights, strict=True)) % 11
    return number[10] == str({10: 0, 11: 5}.get(rest, rest))


def iban_holds(number: str) -> bool:
    """Whether an IBAN without blanks has the length of its country and remainder 1 (ISO 7064 mod 97-10)."""
    # Loads its tables on import; most messages have no candidate.
    from stdnum import iban

    return bool(iban.is_valid(number, check_country=False))


def find_ibans(text: str, _setting: Setting) -> Iterator[Candidate]:
    """IBANs of the countries that write to us; those with a wrong check sum are given as ``invalid``."""
    for match in _IBAN.finditer(text):
        length = IBAN_LENGTHS.get(match[1].upper())
        places = [at for at in range(match.start(), match.end()) if not _SEPARATORS.match(text[at])]
        if length is None or len(places) < length:
            continue
        end = places[length - 1] + 1
        if end < len(text) and text[end].isalnum() and text[end - 1].isalnum() and len(places) > length:
            continue
        if (candidate := _iban(text, match.start(), end)) is not None:
            yield candidate


def _iban(text: str, start: int, end: int) -> Candidate | None:
    written = _SEPARATORS.sub("", text[start:end])
    number = written.upper()
    if iban_holds(number):
        return Candidate("iban", start, end, number, Check.valid)
    if not number.startswith("DE"):
        return (
            None
            if sum(digit.isdigit() for digit in number) < 10
            else Candidate("iban", start, end, number, Check.invalid)
        )
    repaired = "DE" + written[2:].translate(_AS_DIGIT)
    if repaired != number and repaired[2:].isdigit() and iban_holds(repaired):
        return Candidate("iban", start, end, repaired, Check.valid)
    if sum(digit.isdigit() for digit in number) < 15:
        return None
    return Candidate("iban", start, end, number, Check.invalid)


def find_melos(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Messlokations-IDs: DE, six digits operator, five postcode, twenty letters or digits; they have no check digit."""
    for match in _MELO.finditer(text):
        yield Candidate("melo", *match.span(), match[0].replace(" ", "").upper(), Check.unchecked)


def find_meters(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Meter numbers by DIN 43863-5: medium, maker, block, eight digits, however they are spaced."""
    for match in _METER.finditer(text):
        if match[2].upper() not in _MONTHS:
            yield Candidate("zaehlernummer", *match.span(), re.sub("[ -]", "", match[0]).upper(), Check.unchecked)


def find_codes(text: str, _setting: Setting) -> Iterator[Candidate]:
    """OBIS codes of energy registers, labelled BICs, and labels of registered mail."""
    for match in _OBIS.finditer(text):
        yield Candidate("obis", *match.span(), match[0], Check.unchecked)
    for match in _BIC.finditer(text):
        from stdnum import bic

        number = match[1].replace(" ", "")
        yield Candidate("bic", *match.span(1), number, Check.valid if bic.is_valid(number) else Check.invalid)
    for match in _REGISTERED.finditer(text):
        number = match[0].replace(" ", "")
        check = Check.valid if registered_holds(number) else Check.invalid
        yield Candidate("einschreiben", *match.span(), number, check)


def find_labelled_malos(text: str, _setting: Setting) -> Iterator[Candidate]:
    """What is called a Marktlokation, right or wrong."""
    for match in _MALO_LABEL.finditer(text):
        number = match[1].replace(" ", "")
        repaired = number.translate(_AS_DIGIT)
        if malo_holds(repaired):
            yield Candidate("malo", *match.span(1), repaired, Check.valid)
        elif number.isdigit():
            yield Candidate("malo", *match.span(1), number, Check.invalid)


def find_malos(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Eleven digits with the right check digit that nothing else explains."""
    for match in _MALO.finditer(text):
        number = match[0].replace(" ", "")
        if malo_holds(number):
            yield Candidate("malo", *match.span(), number, Check.valid)
