"""Numbers that only the word before them explains: customer, contract, invoice, file and meter numbers."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from classify.candidates import ANY_BLOT, Candidate, Setting
from models.classification import Check

if TYPE_CHECKING:
    from models.config import Number

_NR = r"(?:[ -]{0,2}(?:nu[mrn]{2,5}ern?|nr\.?|no\.?|num\.?|kennung|id|number|#|№|n°)[:.]?)"
_FILLER = (
    r"(?>(?:[ \t]{0,6}(?:[:=#.,(„\"'’-]|(?<!\w)(?:ist|lautet|lauten|hinten|unten|"
    r"war|sind|die|der|das|bei|ihnen|euch|nr\.?|nummer|is|the|to|wie|folgt|meine|"
    r"my|und|jest|to|numaram|numarası)\b"
    r"|\([^()\n\d]{0,30}\))){0,8})[ \t]{0,20}\n?[ \t]{0,20}"
)
# Blanks, full stops, dashes and slashes may group the digits; a letter or two may stand before or behind them.
_NUMBER = (
    r"(?:(?-i:[A-Z]{1,4})(?:[ -](?=\d)|(?=\d))|(?-i:[A-Z]{1,3}-[A-Z]{1,3}-)|(?-i:[A-Z]\d)-|[a-z]{1,2}-?(?=\d))?"
    r"\d(?:(?-i:[A-Z])(?![a-zäöü])|\d|[ ./-](?=(?-i:[A-Z]{0,2})\d)){1,22}(?![^\W_])"
)
_GAP = (
    rf"(?:(?!z(?:ä|ae)hl|tel|iban|konto|vertrag|rechn|nicht|kein|hand)[^\d\n.!?{ANY_BLOT[1:-1]}]){{0,45}}?(?<![^\W_])"
)
_AND = re.compile(r"[ \t]*(?:,|und|sowie|&|/|\+|bzw\.?|and|oder)[ \t]*(?:nr\.?[ ]?)?", re.IGNORECASE)
_METER_WORD = (
    r"(?:strom|gas|wasser|kaltwasser|warmwasser|wärme|waerme|wärmemengen|waermemengen|"
    r"haupt|nacht|garten|gartenwasser|einspeise|zweirichtungs|bezugs|heizstrom|"
    r"allgemeinstrom|wallbox-?|ferraris|drehstrom)?"
    r"-?(?:z(?:ä|ae|a)(?:hl|h1|ehl)er|zäler|zahler)"
)

_INVOICE_WORD = r"(?:jahres|schluss|abschluss|strom|gas|wasser|end|heizkosten)?-?(?:ab)?rechnung"
_METER_FOLLOWS = (
    rf"(?=[ :=#(]+(?:mit der |hat die |mit )?{_NR}?[ :]*"
    r"(?-i:[A-Z]?\d?[A-Z]?[A-Z\d .-]{0,2})\d)"
)
_LABELS: dict[str, tuple[str, ...]] = {
    "rechnungsnummer": (
        rf"(?:rechnungs?|rechn\.?|rchg\.?|rg\.?|re\.?|beleg|jahresrechnungs?|schlussrechnungs?|abrechnungs?){_NR}",
        rf"{_INVOICE_WORD}(?=[ ]+(?:nr\.?|nummer)?[ ]*(?-i:[A-Z]{{0,4}})[ -]?\d)",
        rf"invoice{_NR}?",
        r"(?=(?<![-])(?-i:INV|RE|RG|RN)-[A-Z\d-]*\d{4})",
        rf"bill{_NR}",
        r"fatura (?:no|numara\w{0,4})",
        r"(?:numer|nr) (?:faktury|rachunku)",
        r"faktura nr",
        r"(?:номер|№) (?:счета|счёта|рахунку|рахунка)|(?:рахунок|сч[её]т) №",
    ),
    "kundennummer": (
        rf"kund(?:en|in|e)?[ -]?{_NR}",
        r"kunden[ -]?konto(?:[ -]?(?:nummer|nr\.?))?",
        rf"k(?:d|nd|u|dn)\.?[ -]?{_NR}",
        r"kdnr\.?|knr\.?|kundenr\.?|kundennr\.?|kunden[ ]?nr\.?",
        r"kund(?:e|in)(?=[ :]+(?-i:[A-Z]{0,2})-?\d[\d .-]{3})|kd\.?(?=[ :]+(?-i:[A-Z]{0,2})-?\d[\d .-]{3})",
        rf"(?:customer|client)(?:[ ]?(?:account|ref))?{_NR}",
        r"müşteri (?:no|numara\w{0,4})|abone (?:no|numara\w{0,4})",
        r"(?:numer|nr) klienta",
        r"(?:номер|№) (?:клиента|клієнта|абонента)|клиентский номер|особовий рахунок",
        r"رقم (?:العميل|الزبون|المشترك)",
    ),
    "vertragskonto": (
        rf"vertrags?[ -]?konto{_NR}?|vertr\.?-?(?:konto|kto\.?){_NR}?",
        r"vertragskontos|vertragskonten|vertrags?[ -]?k(?:to|onto)\.?",
        rf"(?:vertrags?|vertr\.?){_NR}",
        rf"\bv[. -]?k(?:to)?\.?{_NR}?(?=[ :]+\d)",
        r"\w{0,12}vertrag(?=[ :]+(?:nr\.? ?)?(?-i:[A-Z]{0,3})[ -]?\d[\d .-]{3})",
        rf"\w{{0,12}}vertrag(?:e?s)?(?: strom| gas| wasser)?,?{_NR}",
        rf"contract(?: account)?{_NR}|contract account|contract(?=[ :]+(?-i:[A-Z]{{0,2}})-?\d[\d .-]{{4}})",
        r"umow\w{1,2}(?=[ :]+\d[\d.-]{4})|догов[іо]р\w{0,2}(?=[ :№]+\d[\d.-]{4})",
        r"sözleşme (?:no|numara\w{0,4})",
        r"(?:numer|nr) umowy",
        r"(?:номер|№) (?:договора|договору)",
        r"رقم العقد",
    ),
    "zaehlernummer": (
        rf"{_METER_WORD}s?[ -]?{_NR}",
        rf"(?:z|zlr|zä|zhl)\.?[ -]?nr\.?|(?:gas|wasser|strom)[ ]?uhr{_NR}?|geräte{_NR}|(?:strom|gas|wasser)[ -]nr\.?",
        rf"{_METER_WORD}[sn]?{_METER_FOLLOWS}",
        r"(?:strom|gas|wasser|wärme)[^\d\n]{0,4}(?:\d[\d., ]{0,9})?[ (]{0,3}nr\.?(?=[ ]?\d)",
        r"(?:strom|gas|wasser|wärme)?-?(?:zähler|zaehler|uhr|gerät)\w{0,10}[^.\n\d]{0,40}?\bnummer\b",
        r"(?:zähler|zaehler)\w{0,8} (?:endet auf|mit der endung|endziffern?|die letzten (?:ziffern|stellen))",
        r"nr\.? (?:vom|des|der|am|auf dem) (?:strom|gas|wasser)?-?(?:zählers?|uhr)",
        rf"(?:meter|serial){_NR}",
        r"meter(?=[ :]+[A-Z\d-]{6})",
        r"sayaç (?:no|numara\w{0,4})|sayacın numarası",
        r"(?:numer|nr) licznika|licznik(?:a|u)?(?: nr)?(?=[ :]+\d{6})",
        r"(?:номер|№) (?:счетчика|счётчика|лічильника)",
        r"رقم العداد",
    ),
}
_MINIMUM = {"rechnungsnummer": 4, "kundennummer": 4, "vertragskonto": 4, "zaehlernummer": 4}
"""Digits that a number of the kind has at least."""


def _compiled(kind: str) -> re.Pattern[str]:
    filler = f"(?:{_FILLER}|{_GAP})" if kind == "kundennummer" else _FILLER
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(_LABELS[kind])}){filler}(?P<number>{_NUMBER})", re.IGNORECASE)


_PATTERNS = {kind: _compiled(kind) for kind in _LABELS}
_NEXT = re.compile(_NUMBER, re.IGNORECASE)
_FILE = re.compile(
    r"(?<![^\W_])(?:(?:akten|geschäfts|kassen)zeichen|az\.?|gz\.?|gesch\.?-?z\.?|"
    r"(?:unser|ihr|mein)e?[snr]?[ ]zeichen|file (?:no\.?|ref\.?))"
    r"[ \t]*[:.]?[ \t]*(?P<number>[A-Z\d][A-Z\d./-]{0,20}(?:[ ][A-Z\d./-]{1,12}){0,3})",
    re.IGNORECASE,
)
_FILE_FORM = re.compile(
    r"(?:[A-Z\d.-]{1,12} ){0,3}[A-Z\d.-]*\d[A-Z\d./-]*(?:/\d{2,4})?(?: [A-Z][A-Za-z]?(?![A-Za-z]))?"
)


def find_configured(text: str, setting: Setting) -> Iterator[Candidate]:
    """Numbers in the forms that this utility gives out."""
    for kind in ("kundennummer", "vertragskonto", "rechnungsnummer"):
        for number in getattr(setting.numbers, kind):
            for match in re.finditer(rf"(?<![^\W_])(?:{number.pattern})(?![^\W_])", text, re.IGNORECASE):
                if match[0]:
                    yield Candidate(kind, *match.span(), _compact(match[0]), _checked(match[0], number))


def _checked(written: str, number: "Number") -> Check:
    """What the check digit over the digits says: Luhn, ISO 7064 mod 11,10 or mod 97-10."""
    if number.check == "none":
        return Check.unchecked
    # Only a utility that configured a check pays for the import.
    from stdnum import luhn
    from stdnum.iso7064 import mod_11_10, mod_97_10

    checks: dict[str, Callable[[str], bool]] = {
        "luhn": luhn.is_valid,
        "mod11": mod_11_10.is_valid,
        "mod97": mod_97_10.is_valid,
    }
    digits = re.sub(r"\D", "", written)
    return Check.valid if checks[number.check](digits) else Check.invalid


def find_labelled(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Numbers behind their label, and further ones joined by "und"."""
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            yield from _chain(kind, text, match)


def _chain(kind: str, text: str, match: re.Match[str]) -> Iterator[Candidate]:
    start, end = match.span("number")
    if (candidate := _labelled(kind, text, start, end)) is None:
        return
    yield candidate
    for _ in range(8):
        joint = _AND.match(text, candidate.end)
        number = _NEXT.match(text, joint.end()) if joint else None
        if number is None or (following := _labelled(kind, text, *number.span())) is None:
            return
        if _digits(following.value) < 5 or following.value[0] == "0" or _letters(following) != _letters(candidate):
            return
        candidate = following
        yield candidate


def _labelled(kind: str, text: str, start: int, end: int) -> Candidate | None:
    """The number, unless it is too short, a date or a quantity."""
    end = start + len(_without_tail(text[start:end]))
    written = text[start:end]
    digits = sum(map(str.isdigit, written))
    short = (
        3
        if re.search(r"end(?:et|ung|ziffern?)\b.{0,12}$", text[max(0, start - 24) : start], re.IGNORECASE)
        else _MINIMUM[kind]
    )
    if digits < short or re.fullmatch(
        r"(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:\d{2}|\d{4})?|(?:19|20)\d\d", written
    ):
        return None
    if kind == "zaehlernummer" and _is_reading(text, start, end, written):
        return None
    if re.match(r",\d|[ ]?(?:€|eur|kwh|mwh|m³|m3|cbm)", text[end : end + 5], re.IGNORECASE):
        return None
    return Candidate(
        kind, start, end, _compact(written).upper() if kind == "zaehlernummer" else _compact(written), Check.unchecked
    )


def _without_tail(written: str) -> str:
    """The number without a word that only looks like a part of it ("4711 und")."""
    match = re.fullmatch(r"(.*\d[A-Z]?)(?:[ ][A-Z]{1,3})?", written, re.IGNORECASE | re.DOTALL)
    return match[1] if match else written.rstrip(" ./-")


def _is_reading(text: str, start: int, end: int, written: str) -> bool:
    """Whether a short number right behind the bare word "Zähler" is what it shows."""
    before = text[max(0, start - 30) : start].lower()
    if re.fullmatch(r"\d{1,3}\.\d{3}(?:,\d)?", written):
        return True
    if (
        re.search(
            r"(?:alte|neue)[rmn]? \S{0,8}z(?:ä|ae)hler|nr|nummer|num|no\.?\b|kennung|endet|end|id\b|#|letzten", before
        )
        or sum(map(str.isdigit, written)) >= 7
    ):
        return False
    after = text[end : end + 40].lower()
    return not re.match(
        rf"[^.\n\d]{{0,25}}\b(?:steht|stand|zeigt|hat|=|ist|abgelesen)|[ \t]*[=:|)]|[^\n\d]{{0,3}}{ANY_BLOT}", after
    )


def _compact(written: str) -> str:
    return re.sub(r"\s", "", written)


def find_files(text: str, _setting: Setting) -> Iterator[Candidate]:
    """File numbers of courts, authorities and lawyers, behind their label."""
    for match in _FILE.finditer(text):
        form = _FILE_FORM.match(match["number"])
        if form is not None and form[0] and any(map(str.isdigit, form[0])):
            start = match.start("number")
            number = form[0].rstrip(" ./-")
            yield Candidate("aktenzeichen", start, start + len(number), number, Check.unchecked)


_NAMELESS = re.compile(
    rf"(?<![\w-])(?<![A-Z]{{2}} )(?:meine )?(?:nummer|nr\.?|no\.?)[ :]{{1,3}}(?P<number>{_NUMBER})", re.IGNORECASE
)
_ALONE = re.compile(
    rf"(?:^|(?<=\n)|(?<=[ ]))(?P<number>{_NUMBER})(?=[ \t]*(?:\n|$))|(?<=\n)(?P<first>{_NUMBER})(?=,?[ "
    rf"][^\W\d][^\d\n]{{1,40}}$)",
    re.IGNORECASE,
)
_LONE_METER = re.compile(
    r"(?<![\w.,+/-])(?P<number>\d{7,9}|\d{1,3}(?: \d{3}){2}|\d{2}-\d{6}|G4-?[ "
    r"]?\d{3}[ ]?\d{4})(?![\w/]|[.,-]\d|[ ]?(?:€|eur|kwh|m³))",
    re.IGNORECASE,
)
_METER_TALK = re.compile(
    r"z(?:ä|ae)hler|uhr\b|licznik|лічильник|сч[её]тчик|sayaç|\bmeter\b|st(?:ä|ae)nde\b", re.IGNORECASE
)
_ENDING = 90
"""Characters from the end in which a lone number is the sender's customer number."""


def find_nameless(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Numbers that are only called "Nummer", and numbers that stand alone: a meter's, or the customer's at the end."""
    for match in _NAMELESS.finditer(text):
        kind = (
            "zaehlernummer" if _METER_TALK.search(text[max(0, match.start() - 160) : match.start()]) else "kundennummer"
        )
        if (candidate := _labelled(kind, text, *match.span("number"))) is not None and _digits(candidate.value) >= 5:
            yield candidate
    if _METER_TALK.search(text):
        for match in _LONE_METER.finditer(text):
            yield Candidate("zaehlernummer", *match.span("number"), _compact(match["number"]).upper(), Check.unchecked)
    for match in _ALONE.finditer(text, max(0, len(text.rstrip()) - _ENDING)):
        span = match.span("number") if match["number"] else match.span("first")
        candidate = _labelled("kundennummer", text, *span)
        if (
            candidate is not None
            and 5 <= _digits(candidate.value) <= 12
            and (match["first"] or _is_signed(text, match.start()))
        ):
            yield candidate


def _letters(candidate: Candidate) -> str:
    """The letters of a number: two of the same kind share them."""
    return re.sub(r"[^A-Z]", "", candidate.value)


def _digits(written: str) -> int:
    return sum(map(str.isdigit, written))


def _is_signed(text: str, start: int) -> bool:
    """Whether a lone number follows a name, thanks or a greeting and not a reading."""
    before = text[max(0, start - 40) : start]
    return bool(re.search(r"(?:[A-ZÄÖÜ][a-zäöüßłńś]+|[Dd]anke|[A-Z]\.)[.,;)]?[ ]*\n?[ ]*$", before)) and not re.search(
        r"(?:stand|strom|gas|wasser|zähler|stände|postfach|auftrag|antrag|konto|\w-nr\.)\b[^\n]{0,12}$",
        before,
        re.IGNORECASE,
    )
