"""Postcode and town, and streets with a house number."""

import re
from collections.abc import Iterator

from classify.candidates import Candidate, Setting
from models.classification import Check

_UPPER = "A-ZÄÖÜŠŽ"
_TOWN_WORD = rf"[{_UPPER}][a-zäöüßé]+(?:-[{_UPPER}]?[a-zäöüßé]+)*|[{_UPPER}]{{3,}}(?:-[{_UPPER}]{{3,}})*"
_FIRST = (
    r"Bad|BAD|Sankt|St\.|SANKT|Bergisch|Königs|Koenigs|Schwäbisch|Hessisch|Preußisch|"
    r"Lutherstadt|Hansestadt|Porta|Groß|Gross|Klein|Neu|Alt|Hohen|Deutsch|"
    r"Markt|Wendisch|Kloster|Bayerisch|Bayrisch|Freie|Stadt|Neue|Hann\.|Bergen|"
    r"Burg|Ober|Unter|Nieder|Oestrich|Schloß|Schloss|Doberlug|Fränkisch|Windisch"
)
_LINK = (
    r"(?:[ ](?:am|an[ ]der|an[ ]dem|im|in[ ]der|in|ob[ ]der|vor[ ]der|vorm|auf|"
    r"bei|unter|zur|unterm|v\.[ ]?d\.|a\.[ ]?d\.|a\.|i\.|b\.|v\.|o\.[ ]?d\.)[ "
    r"]?"
    rf"(?:[{_UPPER}][a-zäöüß]+(?:-[{_UPPER}][a-zäöüß]+)*|[{_UPPER}]\.)(?:[ ]Höhe)?)"
)
_PLZ_ORT = re.compile(
    rf"(?<![\d.,/+-])(?:D[ ]?-[ ]?)?(?P<plz>\d{{5}}|\d{{2}}[ ]\d{{3}})(?:,)?[ "
    rf"\t]+(?P<town>(?:(?:{_FIRST})[ ])?(?:{_TOWN_WORD}){_LINK}?"
    r"(?:[ ]?\((?:Westf?\.?|Westfalen|Ruhr|Saale|Oder|Spree|Sieg|Lahn|Main|Eifel|"
    r"Allgäu|Harz|Rhld\.?|Rheinland|Holstein|Aller|Weser|Ems|Odenwald|Sauerland|"
    r"Niederrhein)\))?)"
)
_NOT_TOWN = {
    "kwh", "mwh", "euro", "eur", "stand", "herzliche", "mit", "gruß", "gruss", "grüße", "viele", "liebe", "zähler",
    "zaehler", "zählerstand", "haushalte", "strom", "gas", "wasser", "uhr", "tage", "personen", "kunden", "datum",
    "tel", "telefon", "sehr", "danke", "bitte", "kubikmeter", "cbm", "stück", "meter", "ht", "nt", "und", "der",
    "die", "das", "den", "verbrauch", "abgelesen", "am", "neu", "alt", "kundennummer", "ich", "wir", "mein",
    "meine", "fax", "mobil", "iban", "nummer", "wohnung", "gläubiger", "mandat", "rechnung", "einspeisung", "bezug",
    "best", "freundliche", "lg", "mfg", "vg", "januar", "februar", "märz", "april", "mai", "juni", "juli", "august",
    "september", "oktober", "november", "dezember", "hallo", "name", "konto", "punkte",
}  # fmt: skip
_NO_REGION = ("00", "05", "43", "62")
"""Leading digits that no postcode has."""
_READING_BEFORE = re.compile(
    r"(?:stand|stände|abgelesen|zeigt|auf|ht|nt|nr\.?|nummer|kwh|z(?:ä|ae)hler\w*|"
    r"konto|kontonummer|stan|reading)[ ]?[:=]?[ ]{0,2}(?:ist |war |lautet |von "
    r")?$",
    re.IGNORECASE,
)
_SUFFIX = (
    r"(?:straße|strasse|str\.?|weg|allee|platz|gasse|ring|damm|ufer|steig|pfad|"
    r"hof|berg|markt|chaussee|wall|graben|park|kamp|stieg|winkel|busch|heide|"
    r"feld|straat|stroot|brink|siedlung|promenade|bruch|grund|garten|gärten|tor|"
    r"eck|höhe|acker|wiese|weide)"
)
_STREET = re.compile(
    rf"(?<![^\W_])(?P<street>(?:[{_UPPER}][a-zäöüß-]{{1,25}}(?:-[{_UPPER}][a-zäöüß]{{1,20}}){{0,3}}{_SUFFIX}|"
    r"(?:(?:Am|An|Auf|Im|In|Zum|Zur|Unter|Hinter|Vor|Alte|Alter|Großer|Kleine|"
    r"Obere|Untere|Neue|Hohe|Lange)[ ](?:der[ ]|dem[ ]|den[ ])?)"
    rf"(?:[{_UPPER}][a-zäöüß.-]{{1,25}}[ ]?){{1,2}}|[{_UPPER}][a-zäöüß-]{{2,20}}[ "
    r"-](?:Str\.?|Straße|Strasse|Weg|Allee|Platz|Ring|Damm|Ufer|Chaussee|Tor|"
    r"Markt|Hof)|Straße[ ]des[ ]17\.[ ]Juni)"
    r"[ ]\d{1,4}(?:[ ]?[a-z](?![a-zäöüß]))?(?:[ ]?[-/][ ]?\d{1,3}[a-z]?)?)(?![\w.,]\d|\w)"
)


def find_places(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Five digits and a capitalised town; town parts behind "OT" or in brackets are left out."""
    for match in _PLZ_ORT.finditer(text):
        plz = match["plz"].replace(" ", "")
        town = re.sub(r"\s+", " ", match["town"])
        if plz[:2] in _NO_REGION or town.split()[0].lower() in _NOT_TOWN:
            continue
        if _READING_BEFORE.search(text[max(0, match.start() - 30) : match.start()]):
            continue
        yield Candidate("plz_ort", *match.span(), f"{plz} {town}", Check.unchecked)


def find_streets(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Streets with a house number."""
    for match in _STREET.finditer(text):
        yield Candidate("strasse", *match.span("street"), re.sub(r"\s+", " ", match["street"]), Check.unchecked)


_NAME = (
    rf"[{_UPPER}][a-zäöüßéçğışł'’-]{{1,20}}(?:[ ](?:von|van|de|zu|el|al)){{0,2}}(?:[ "
    rf"-][{_UPPER}][a-zäöüßéçğışł'’-]{{1,20}}){{1,2}}"
)
_NAMES = re.compile(
    rf"(?:(?i:mein name ist|ich bin|ich heiße|kontoinhaber(?:in)?:?|nachmieter(?:in)?:?|\bname:)[ ]?(?P<told>{_NAME})"
    r"|(?i:mit freundlichen gr(?:ü|ue)(?:ß|ss)en|viele gr(?:ü|ue)(?:ß|ss)e|freundliche "
    r"gr(?:ü|ue)(?:ß|ss)e|mfg|hochachtungsvoll|best regards|kind regards),?[ "
    rf"\t]*\n[ \t\n]{{0,6}}(?P<signed>{_NAME})(?=[ \t]*(?:\n|$)))"
)


def find_names(text: str, _setting: Setting) -> Iterator[Candidate]:
    """Names that somebody gives as such, or signs with."""
    for match in _NAMES.finditer(text):
        group = "told" if match["told"] else "signed"
        yield Candidate("name", *match.span(group), re.sub(r"\s+", " ", match[group]), Check.unchecked)
