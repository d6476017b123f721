"""Meter readings: numbers with a unit, behind a word of reading, behind a meter or a medium, or one after another."""

import re
from collections.abc import Iterator

from classify.amounts import plain_number
from classify.candidates import ANY_BLOT, BLOTS, Candidate, Setting
from models.classification import Check

_NUMBER = r"(?P<number>\d{1,3}(?:[. ]\d{3}){1,2}(?:,\d{1,4})?|\d{1,9}(?:,\d{1,4})?)"
_END = r"(?![\d]|[.,:/-]\d|[ ]?%)"
_UNIT = r"(?P<unit>[ \t]?(?:kwh|mwh|m³|m3|m\^3|cbm|qm3|kubikmeter|kubik|kw/h|кубо?в?|куб))(?![a-zäöü²/\d]|[ ]?/)"
_WITH_UNIT = re.compile(rf"(?<![\w.,/-]){_NUMBER}{_UNIT}", re.IGNORECASE)
_LABEL = (
    r"(?:z(?:ä|ae|a)hlerst(?:a|ä|ae)nd\w{0,3}|(?:anfangs|end|strom|gas|wasser|"
    r"schluss|einzugs|auszugs|start|zwischen|neuer |alter |letzter |aktueller "
    r"|tages|nacht)?-?st(?:a|ä|ae)nd(?:e|en)?"
    r"|ablese(?:wert|stand|ergebnis)\w?|abgelesen\w{0,2}|ablesung|abgel\.?|(?:haupt|"
    r"neben|hoch|nieder)tarif|ht|nt|tag|nacht|bezug|einspeisung|lieferung|zählwerk\w{0,2}"
    r"|zeigt(?:e)?|anzeige|steht(?: er| sie)?|stand|lese|las|notiert\w{0,2}|reading|"
    r"reads|shows|register|stan(?: licznika)?|wskazanie|odczyt|показ\w{0,4}|قراءة(?: "
    r"العداد)?|endeks|sayaç(?: değeri)?|gemessen|gemeldet\w{0,2}|eingetragen|fotografiert|"
    r"zahl|z(?:ä|ae)hler jetzt(?: ist)?|richtig(?: ist)?|vertippt|zahlendreher)"
)
_GAP = r"(?:[^\d\n.;!?]|\.(?=[ ]?[^\W\d])|(?<!\d)\d{1,2}\.(?=[ ][^\W\d])|\n(?=[ \t]*\d)){0,48}?"
_LABELLED = re.compile(rf"(?<![^\W_]){_LABEL}(?![^\W\d_]){_GAP}(?<![\d.,/+a-z-])(?<!\d:){_NUMBER}{_END}", re.IGNORECASE)
_MEDIUM = re.compile(
    r"(?:^|(?<=[\n,;]))[ \t>*•-]*(?:\d[.)][ ]?)?(?:strom|gas|erdgas|wasser|kaltwasser|"
    r"warmwasser|wärme|fernwärme|prąd|gaz|woda|elektrik|su|электричество|вода|"
    r"газ)(?:z(?:ä|ae)hler|uhr)?[ \t]*"
    rf"(?:\([^)\n\d]{{0,20}}\))?(?:[ \t:=–-]|{ANY_BLOT}){{1,60}}{_NUMBER}{_END}(?![ ]?(?:€|eur|euro|personen|uhr))",
    re.IGNORECASE,
)
_BEHIND_METER = re.compile(
    rf"{BLOTS['zaehlernummer']}[ \t]*[=:|,;)–-]{{1,3}}[ \t]*(?:stand[ :]*)?{_NUMBER}{_END}", re.IGNORECASE
)
_BEHIND_OBIS = re.compile(
    rf"{BLOTS['obis']}[ \t]*[=:|)–-]{{0,2}}[ \t]*(?:(?:steht auf|stand|ist|auf|zeigt)[ :]*)?{_NUMBER}{_END}",
    re.IGNORECASE,
)
_FURTHER = re.compile(
    rf"[^\d\n.;!?]{{0,24}}?\b(?:und|nicht|statt|tatsächlich|sondern|neu|alt|nt|"
    r"ht|einspeisung|bezug|andere[nr]?|zweite[nr]?|richtig|nacht|tag|gas|wasser|"
    rf"strom|and|not)\b[^\d\n.;!?]{{0,24}}?{_NUMBER}{_END}",
    re.IGNORECASE,
)
_LOOSE = re.compile(
    rf"(?<![\w.,+/:-])(?P<number>\d{{2,3}}[. ]\d{{3}}(?:,\d)?|\d{{5,6}}(?:,\d)?|\d\.\d{{3}}(?:,\d)?){_END}(?!\.?\w)"
)
_BOXED = re.compile(r"stand[ \t:]{0,12}\|?(?P<number>\d(?:[ |]\d){3,7})(?!\d)", re.IGNORECASE)
_COUNTED = re.compile(
    r"[ ]?(?:ppm|€|eur|euro|ct|cent|uhr|personen|tage[n]?|wochen?|monate?|jahre?|"
    r"kw\b|kwp|watt|km|m²|qm|grad|°|stunden|prozent|mal|x\b|\.? ?(?:januar|februar|"
    r"märz|april|mai|juni|juli|august|september|oktober|november|dezember)"
    r"|og\b|etage|stock|[.] ?og|zimmer|kinder|wohnungen|parteien|haushalte|raten|minuten|zł|tl\b|mm|cm|bar\b|liter)",
    re.IGNORECASE,
)
_CONSUMED = re.compile(
    r"(?:verbr\w{0,12}|jahres\w{0,12}|durchschnitt\w{0,6}|bei|für|über|von nur|"
    r"rund|circa|ca\.?|etwa|um die|tarif\w{0,6}|angebot\w{0,4}|differenz|gesamt|"
    r"knapp|fast|erstatt\w{0,6}|versicker\w{0,4}|zuviel|"
    r"mehr|insgesamt|speicher\w{0,4}|usage|consumption|consumed|zużyci\w{0,3}|"
    r"tüketim\w{0,4}|ertrag|erzeug\w{0,4}|prognose|geschätzt\w{0,2}|nur|auch|"
    r"sind|waren|zwischen|kommt|kommen|geschätzt[^\d\n]{0,12})[ :]{1,2}(?:(?:von|"
    r"auf|nur|ca\.?|bei|rund|etwa|of|laut|um|jetzt|plötzlich|mit|über|das|ist|"
    r"war)[ ]){0,3}$",
    re.IGNORECASE,
)
_CONSUMED_AFTER = re.compile(
    r"[ ]?(?:/|im jahr|pro|jährlich|jahres|verbr|mehr|weniger|im monat|per year|"
    r"a year|a month|rocznie|yıllık|in den|versicker|zu viel|zuviel|pa\b|p\.? "
    r"?a|in einem|in \d|für|zusätzlich|sollen|gebraucht|an einem|in der zeit)",
    re.IGNORECASE,
)
_READING_WORD = re.compile(
    r"z(?:ä|ae|a)hlerst|st(?:a|ä|ae)nd\b|abgelesen|ables|abgel|meter reading|"
    r"zeigt|(?:hab|lese|lies).{0,20}\bab\b|stan licznika|показ|sayaç|قراءة|wskaz|"
    r"odczyt",
    re.IGNORECASE,
)
_ENGLISH = re.compile(r"\b(?:reading|the|meter|my)\b", re.IGNORECASE)
_NO_LABEL = re.compile(
    r"(?:verbr|abschl|nach|betrag|preis|grundpreis|zahl|telefon|tel\.?|seite|"
    r"§|abs\.?|art\.?|haus|straße|str\.|kunden|rechnung|konto|raum|uhr|personen|"
    r"jahr|wohnung|og\b|stelle[n]? |faktor)[^\n\d]{0,8}$",
    re.IGNORECASE,
)


def find_readings(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Readings with decimal point, without unit and without leading zeros."""
    media = list(_MEDIUM.finditer(text))
    about_readings = bool(_READING_WORD.search(text)) or len(media) > 1
    matches = [
        *_LABELLED.finditer(text),
        *_BOXED.finditer(text),
        *_BEHIND_METER.finditer(text),
        *_BEHIND_OBIS.finditer(text),
    ]
    if about_readings or BLOTS["zaehlernummer"] in text:
        matches += media
    if about_readings:
        matches += [match for match in _LOOSE.finditer(text) if _unconsumed(text, match)]
    found = [*_with_unit(text, about_readings=about_readings or BLOTS["zaehlernummer"] in text)]
    found += [candidate for match in matches if (candidate := _candidate(text, match)) is not None]
    yield from found
    for candidate in found:
        yield from _further(text, candidate)


def _unconsumed(text: str, match: re.Match[str]) -> bool:
    """Whether a number without a label is no amount of consumption or money."""
    before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 20]
    return not (
        re.match(_UNIT, after, re.IGNORECASE)
        or _CONSUMED.search(before)
        or _CONSUMED_AFTER.match(after)
        or re.search(r"(?:jahr|monat|preis|kwh|m³)\b[^\n\d]{0,20}$", before, re.IGNORECASE)
    )


def _with_unit(text: str, *, about_readings: bool) -> Iterator[Candidate]:
    for match in _WITH_UNIT.finditer(text):
        before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 20]
        if _CONSUMED_AFTER.match(after) or (_CONSUMED.search(before) and not _stand_before(before)):
            continue
        if _stand_before(before) or (
            about_readings and (re.search(_SHOWN_BY, before, re.IGNORECASE) or _BEFORE_STAND.match(after))
        ):
            yield _reading(text, match, match.end())


_SHOWN_BY = (
    rf"(?:{BLOTS['zaehlernummer']}|{BLOTS['obis']})[^\w]{{0,4}}(?:\w{{0,12}}[ "
    rf":]{{1,2}})?$|(?:{BLOTS['datum']})[^\w]{{0,3}}$|(?:^|\n)[ \t]*(?:strom|gas|"
    rf"wasser|wärme)\w*[ :=]*(?:{ANY_BLOT}*[ :]*)?$|(?:z(?:ä|ae)hler|uhr)\w*[ "
    r":]*$|,[ ]$|(?:und|auf|bei|lese|lies) $"
)
_BEFORE_STAND = re.compile(
    rf"[ ]?\(?[^\n\d]{{0,15}}{BLOTS['zaehlernummer']}|[ ]?(?:abgelesen|\(?abgel|am w|am z|\(?stand)", re.IGNORECASE
)


def _stand_before(before: str) -> bool:
    return bool(
        re.search(
            r"(?:st(?:a|ä|ae)nd\w?|steht|zeigt|abgelesen|reading|ablesung|shows|reads)\b[^.\n]{0,28}$",
            before,
            re.IGNORECASE,
        )
    )


def _candidate(text: str, match: re.Match[str]) -> Candidate | None:
    """The number of a match, unless it counts something else or a year."""
    start, end = match.span("number")
    written = match["number"]
    digits = sum(map(str.isdigit, written))
    unit = re.match(_UNIT, text[end : end + 14], re.IGNORECASE)
    if unit is None and (_COUNTED.match(text, end) or re.match(r"[^\W\d_]", text[end : end + 1])):
        return None
    gap = start - match.start()
    if (
        (digits < (2 if gap < 16 else 3) and unit is None)
        or digits > (9 if unit or "," in written else 7)
        or _NO_LABEL.search(text[max(0, start - 20) : start])
    ):
        return None
    if unit is None and (re.fullmatch(r"\d ?\d{3} \d{3}", written) or re.fullmatch(r"\d{1,3},\d\d", written)):
        return None
    if re.fullmatch(r"(?:19|20)\d\d", written) and unit is None and not _close(text, match.start(), start):
        return None
    if unit is not None and _CONSUMED_AFTER.match(text, end + unit.end()):
        return None
    return _reading(text, match, end + unit.end() if unit else end)


def _close(text: str, label: int, number: int) -> bool:
    """Whether a number that could be a year follows its label at once."""
    return bool(
        re.fullmatch(
            r"[^\W\d]+(?: licznika)?(?:[ ]?[:=]|[ ](?:neu|alt|auf|war|ist|von|ht|nt|strom|gas|wasser))?[ ]*",
            text[label:number],
            re.IGNORECASE,
        )
    )


def _reading(text: str, match: re.Match[str], end: int) -> Candidate:
    written = match["number"]
    if (
        re.fullmatch(r"\d{1,3},\d{3}", written)
        and _ENGLISH.search(text[max(0, match.start() - 80) : end])
        and "m³" not in text[end - 3 : end]
    ):
        written = written.replace(",", "")
    return Candidate("zaehlerstand", match.start("number"), end, plain_number(written), Check.unchecked)


def _further(text: str, candidate: Candidate) -> Iterator[Candidate]:
    """Readings that follow a reading in the same sentence ("… und nicht 24456")."""
    for _ in range(6):
        match = _FURTHER.match(text, candidate.end)
        if match is None or sum(map(str.isdigit, match["number"])) < 3:
            return
        following = _candidate(text, match)
        if following is None:
            return
        candidate = following
        yield candidate
