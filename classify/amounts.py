"""Amounts of money in euros, and numbers as Germans write them."""

import re
from collections.abc import Iterator

from classify.candidates import Candidate, Setting
from models.classification import Check

_NUMBER = (
    r"\d{1,3}(?:[. ']\d{3}){1,3}(?:,(?:\d{1,2}|-{1,2}|–|—))?|\d{1,3}(?:,\d{3}){1,2}\.\d{2}|"
    r"\d{1,9}(?:[.,]\d{1,2}|,-{1,2}|,–|,—|\.--?)?"
)
_CURRENCY = r"(?:€|EUR(?:O|OS)?\b|Euro(?:s|nen)?\b|Teuro\b|евро|євро|يورو|avro)"
_AMOUNT = re.compile(
    rf"(?<![\d.,\w])(?P<after>-?(?:{_NUMBER}))[ \t]?(?:/[ \t]?)?{_CURRENCY}|(?P<currency>€|"
    rf"\bEUR|\bEuro)[ \t:]{{0,2}}(?P<before>-?(?:{_NUMBER}))(?![\d.,]\d)",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"(?<![\d.,:/\w-])(?P<bare>\d{1,3}(?:\.\d{3})+,\d{2}|\d{1,6},\d{2})(?![\d%]|"
    r"[.,]\d| ?(?:ct|cent|kw|mw|m³|m3|m²|cbm|kubik|%|prozent|grad|°|bar|km|l\b|"
    r"uhr|h\b|mm|cm|m\b|x\b|stunden))",
    re.IGNORECASE,
)
_NO_AMOUNT = re.compile(
    r"(?:st(?:a|ä|ae)nde?|steht(?: auf)?|zeigt|abgelesen|preis\w*|faktor|zahl|"
    r"z(?:ä|ae)hler\w*|ht|nt|um|brennwert)\b[^\d\n.!?]{0,24}(?:\d{1,3},\d{1,2} "
    r"(?:auf|bis|und) )?$",
    re.IGNORECASE,
)


def plain_number(written: str) -> str:
    """A number with decimal point and without thousands signs.

    >>> [plain_number(written) for written in ("1.234,56", "1.020", "85,-", "1345.67", "0034")]
    ['1234.56', '1020', '85', '1345.67', '34']
    """
    number = re.sub(r"[ '\u00a0]", "", written)
    number = re.sub(r"[.,][-–—]+$", "", number)
    sign, number = ("-", number[1:]) if number.startswith("-") else ("", number)
    if "," in number and "." in number and number.rindex(".") > number.rindex(","):
        number = number.replace(",", "")
    elif "," in number:
        number = number.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3})+", number):
        number = number.replace(".", "")
    whole, point, decimals = number.partition(".")
    return f"{sign}{whole.lstrip('0') or '0'}{point}{decimals}"


def cents(written: str) -> str:
    """An amount with two decimals.

    >>> cents("85,- "), cents("1.234,5"), cents("1.020")
    ('85.00', '1234.50', '1020.00')
    """
    whole, _, decimals = plain_number(written.strip()).partition(".")
    return f"{whole}.{decimals:0<2}"


def find_amounts(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Numbers with a currency on either side, and bare numbers with two decimals that do not measure anything."""
    for match in _AMOUNT.finditer(text):
        written = match["after"] or match["before"]
        yield Candidate("betrag", *match.span(), cents(written), Check.unchecked)
    for match in _BARE.finditer(text):
        if not _NO_AMOUNT.search(text[max(0, match.start() - 40) : match.start()]):
            yield Candidate("betrag", *match.span("bare"), cents(match["bare"]), Check.unchecked)
