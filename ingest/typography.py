"""Puts signs right that engines take for others and that no German letter has in such a place."""

import re

_LAWS = (
    "Abs|Absatz|Satz|Nr|ff?|AO|AVB\\w*|BDSG|BGB|DSGVO|EEG|EnWG|GasGVV|HGB|InsO|KWKG|MsbG|NAV|NDAV|SGB|StGB|StromGVV|UStG"
    "|VVG|WEG|ZPO"
)
# A lone S or $ before a number that is followed by a law, or by another paragraph sign.
_PARAGRAPH = re.compile(rf"(?<![\w$])[S$]\s?(?=\d{{1,4}}[a-z]?\s?(?:(?:{_LAWS})\b|(?:und|bis|,)\s?§))")
_CENTS = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})*)\.(\d{2})(?=\s?(?:€|EUR\b|Euro\b))")


def repaired(text: str) -> str:
    """Paragraph signs read as S, and decimal commas read as dots before a currency.

    >>> repaired("nach S 13 StromGVV")
    'nach § 13 StromGVV'
    >>> repaired("Summe 10.433.51 €")
    'Summe 10.433,51 €'
    >>> repaired("S 1 Düsseldorf, Klasse S 400, 10.433 €")
    'S 1 Düsseldorf, Klasse S 400, 10.433 €'
    """
    return _CENTS.sub(r"\1,\2", _PARAGRAPH.sub("§ ", text))
