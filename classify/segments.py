"""Cutting a message into what was said and what only surrounds it.

A short concern drowns in a greeting, a signature and a disclaimer that are longer than itself. What is cut off here is
kept from the concerns alone; danger and mentions read everything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise


class Part(StrEnum):
    """What a stretch of text is for."""

    letterhead = "letterhead"
    """Addresses, date, reference and contact lines, fields of a form about the sender."""
    salutation = "salutation"
    body = "body"
    closing = "closing"
    signature = "signature"
    quoted = "quoted"
    disclaimer = "disclaimer"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a text; the segments of a text follow each other without gaps."""

    part: Part
    start: int
    end: int


@dataclass(slots=True)
class _Piece:
    """A line, or the half of one that was cut after a salutation or before a closing."""

    start: int
    end: int
    text: str
    """Without blanks around it."""
    part: Part = Part.body


ENOUGH_LETTERS = 12
"""A body with fewer letters says nothing ("Siehe unten."); more of the text is taken then."""

_SALUTATION = re.compile(
    r"""(?ix)[\s*]*(?:
      sehr\ (?:geehrt|verehrt)\w* | hallo | hallöchen | hallihallo | huhu | moinsen | gl(?:ü|ue)ck\ ?auf
    | guten\ (?:tag|morgen|abend) | moin(?:\ moin)? | servus
    | gr(?:ü|ue)(?:ß|ss)\ (?:gott|sie) | gr(?:ü|ue)ezi | tach | hi | hey | lieb(?:e[rs]?) | werte[rs]?
    | to\ whom\ it\ may\ concern | dear | hello | good\ (?:morning|afternoon|evening|day)
    | sayın | merhaba(?:lar)? | iyi\ günler | selam(?:lar)?
    | szanown\w+ | dzień\ dobry | witam
    | доброго\ дня | добрий\ (?:день|вечір) | шановн\w+ | вітаю | добрый\ день | здравствуйте | уважаем\w+
    | السلام\ عليكم | مرحبا\w* | تحية\ طيبة
    | bonjour | buongiorno | gentili
    )\b"""
)
_ADDRESSEE = re.compile(r"\.|(?: +[^\s,!:;?\d]+){0,6} *(?:[,!:;]+|$)")
_SENTENCE_WORD = re.compile(
    r"(?i)\b(?:ich|mein\w*|mir|mich|wir|uns\w*|bitte|ist|sind|war|hab\w*|hat|seit|kann|können|möchte\w*|wollte|will|"
    r"es|was|wie|wann|warum|wo|bei|meld\w*|i|my|we|our|is|am|are|have|please|ben|bir|benim)\b"
)
_CLOSING = re.compile(
    r"""(?ix)(?:
      (?:mit\ )?(?:(?:den\ )?(?:aller)?(?:freundlich|best|herzlich|lieb|viel|schön|sonnig|nett)\w*\ )+
        gr(?:ü|u|ue)\w{1,5}
    | mit\ (?:vorzüglicher\ )?hochachtung | hochachtungsvoll | m\.?\ ?f\.?\ ?g\.? | (?:lg|vg|bg)
    | gr(?:ü|u|ue)(?:ß|ss|b)(?:e|en)?
    | (?:(?:kind|best|warm)(?:est)?\ )?regards | yours\ (?:sincerely|faithfully|truly) | sincerely(?:\ yours)?
    | best\ wishes | cheers
    | (?:en\ iyi\ dileklerimle|saygılar\w*)
    | (?:z\ (?:poważaniem|wyrazami\ szacunku)|(?:serdecznie\ )?pozdrawiam(?:\ serdecznie)?|pozdrowienia)
    | (?:з\ повагою|с\ уважением|з\ найкращими\ побажаннями)
    | (?:مع\ (?:خالص\ )?(?:التحية|تحياتي|أطيب)|تحياتي)
    | cordialement | cordiali\ saluti | distinti\ saluti
    )(?![\w-])"""
)
_SENTENCE_END = re.compile(r"(?<=[.!?,)])\s+")
_MAX_CLOSING = 60

_QUOTE_HEADER = re.compile(
    r"""(?ix)^\W*(?:
      (?:am|on|le|dnia|em)\ .{4,120}(?:schrieb|wrote|a\ écrit|napisał\w*|написав\w*).{0,80}:?$
    | .{0,80}(?:schrieb|wrote)\ am\ .{4,60}:$
    | -{2,}\s*(?:urspr(?:ü|ue)ngliche\ (?:nachricht|e-?mail)|original(?:\ ?message|nachricht)|weitergeleitete\ nachricht
        |forwarded\ message|(?:anfang\ der\ )?weitergeleitete\w*\ (?:nachricht|e-?mail)).*
    | (?:anfang\ der\ weitergeleiteten\ nachricht|begin\ forwarded\ message):?
    )$"""
)
_MAIL_FIELD = re.compile(r"(?i)^\W*(?:von|from|gesendet|sent|an|to|datum|date|betreff|subject|cc)\s*:\W*\S")
_DEVICE = re.compile(
    r"(?i)^(?:von meinem|gesendet (?:mit|von|aus)|sent (?:from|with)|verschickt mit"
    r"|get outlook|outlook für|hol dir outlook|wysłano z|отправлено с|надіслано з)\b.{0,80}$"
)
_DISCLAIMER = re.compile(
    r"""(?ix)
      vertraulich\w*.{0,60}(?:information|inhalt|daten|adressat|empfänger) | rechtlich\ geschützte
    | (?:nicht\ der\ richtige|falsche\w*)\ (?:adressat|empfänger) | irrt(?:ü|ue)mlich\ erhalten
    | unbefugte\w*\ (?:weitergabe|kopieren) | (?:ausschließlich|nur)\ für\ den\ (?:adressat|empfänger|angesproch)
    | not\ the\ intended\ recipient | confidential.{0,80}(?:information|e-?mail|message) | privileged\ information
    | umwelt\b.{0,60}druck | druck\w*.{0,80}umwelt | consider\ the\ environment
    | sitz\ der\ gesellschaft | registergericht | amtsgericht\ \w+,?\ hr[ab] | \bhr[ab]\W{0,3}\d{3}
    | ust-?id | geschäftsführ(?:er|ung)\w*\s*:
    | vorsitzende\w*\ des\ aufsichtsrat | virenfrei | avast\.com | virus-free
    | datenschutz(?:hinweise|erklärung)\b.{0,80}(?:unter|finden|https?)
    """
)
_POSTSCRIPT = re.compile(r"(?i)^(?:p\.? ?s\.?|nachtrag|übrigens|ach ja)\b")
_HEAD = re.compile(
    r"""(?ix)^(?:
      [\w.\-\ äöüß]{2,40}(?:str(?:aße|asse|\.)?|weg|platz|allee|gasse|ring|damm|ufer|hof|chaussee|wall|markt|stieg|pfad)
        \.?\s?\d{1,4}\s?[a-z]?(?:\b.{0,40})?
    | (?:d-?\s?)?\d{5}\s+[a-zäöü].{1,40}
    | (?:tel(?:efon|\.)?|fax|telefax|mobil|handy|e-?mail|mail|internet|web|www)\b.{0,60}
    | \S+@\S+ | (?:https?://|www\.)\S+ | [+\d][\d\s/()-]{6,20}
    | (?:[\w\ .\-äöü]{2,30},\s*)?(?:den\s*|am\s*)?\d{1,2}\.\s?(?:\d{1,2}\.|[a-zä]{3,9}\.?)\s?(?:\d{4}|\d{2})
    | datum\b.{0,30} | (?:an\ (?:die|den|das)|herrn?|frau|firma|familie|fam\.)\b.{0,50} | stadtwerke?\b.{0,40}
    | (?:ihr|unser|mein)e?\ (?:zeichen|nachricht|schreiben\ vom)\b.{0,60}
    | (?:meine\ |ihre\ )?(?:kunden|kd|vertrags|rechnungs|zähler|zaehler|konto)[\w.\-/\ ]{0,14}[.:#\s]\s*
        [\w\-/.\ ]*\d[\w\-/.\ ]*
    | (?:anrede|name|vorname|vor-\ und\ nachname|nachname|straße|strasse|hausnummer|plz|ort|wohnort|land|telefon\w*
        |rückruf\w*|geburtsdatum|uhrzeit|formular\w*|absender|ip-?adresse|adresse|anschrift|eingegangen\w*)\s*[:=].{0,80}
    | (?:seite|blatt)\ \d.{0,20} | \W+
    )$"""
)
_NAME = re.compile(
    r"(?x)^(?:(?:Dr|Prof|Dipl)\.[\w.\-]*\s)* [A-ZÄÖÜŚŁŻÇİŞ][\w'’.-]*"
    r"(?:[\ ,]+(?:von\ |van\ |de\ |und\ |u\.\ |&\ )?[A-ZÄÖÜŚŁŻÇİŞ][\w'’.-]*){0,3}(?<!-)$"
)
_TOWN = re.compile(r"(?:D-?\s?)?\d{5}\s+[A-ZÄÖÜ]")
_HYPHENATED = re.compile(r"(?<=[^\W\d_])-[ \t]*\n[ \t]*(?=[a-zäöüß])")
_SUBJECT_PREFIX = re.compile(
    r"(?i)^\s*(?:(?:re|aw|antw|wg|fw|fwd|tr|odp|ynt)\s*(?:\[\d+\])?\s*:\s*|\[[^\]\n]{0,40}\]\s*)+"
)
_MAX_SALUTATION_LINE = 30
_MAX_TRAILING = 8
_MAX_ADDRESS = 6
_MAX_LABEL = 4
"""Words of a line that may stand among the fields of a form ("Kundennummer: keine")."""
_MAX_MARK = 300
"""Lines longer than this are neither addresses nor headers; it also bounds what the patterns may cost."""
_MOST_OF_SUBJECT = 1_000
_MOST_OF_BODY = 100_000


def segment(text: str) -> tuple[Segment, ...]:
    """Say of every stretch of a text what it is for.

    Args:
        text: a message without its subject; what the reader marked as quoted or signature may be gone already.
    """
    pieces = list(_pieces(text))
    _mark_quoted(pieces)
    _mark_disclaimers(pieces)
    opening = _mark_salutation(pieces)
    _mark_letterhead(pieces, opening)
    if not _mark_closing(pieces, opening):
        _mark_trailing(pieces)
    return tuple(_joined(pieces))


def core_text(text: str) -> str:
    """What the sender says, without all that surrounds it.

    Too short a rest means that the cutting went wrong or that the message is elsewhere: a forwarded mail below, a
    concern in the signature. Then the quoted part is read in its place, and where there is none, everything.
    """
    segments = segment(text)
    body = _text_of(text, segments, Part.body)
    if _letters(body) >= ENOUGH_LETTERS:
        return body
    quoted = _unquoted(_text_of(text, segments, Part.quoted))
    if _letters(quoted) < ENOUGH_LETTERS:
        return text.strip()
    inner = _text_of(quoted, segment(quoted), Part.body)
    return f"{body}\n{inner if _letters(inner) >= ENOUGH_LETTERS else quoted}".strip()


def text_for_concerns(subject: str, body: str) -> str:
    """The text the concerns are read from: subject without "Re:" and ticket marks, newline, the core of the body.

    Words divided at line ends are whole again, for ``Zähler-`` and ``stand`` say nothing apart. Halves of surrogate
    pairs, which no encoding can carry, become question marks.
    """
    core = core_text(body[:_MOST_OF_BODY])
    text = f"{_SUBJECT_PREFIX.sub('', subject[:_MOST_OF_SUBJECT]).strip()}\n{_HYPHENATED.sub('', core)}"
    return text.encode("utf-8", "replace").decode("utf-8")


def _pieces(text: str) -> Iterator[_Piece]:
    position = 0
    greeted = False
    for line in text.splitlines(keepends=True):
        cuts = [position]
        if not greeted and (length := _salutation_length(line)):
            greeted = True
            cuts.append(position + length)
        cuts.extend(position + end for end in _closing_starts(line))
        position += len(line)
        cuts.append(position)
        for start, end in pairwise(cuts):
            if start < end:
                yield _Piece(start, end, text[start:end].strip())


def _salutation_length(line: str) -> int:
    """How much of a line is salutation; 0 if it does not begin with one."""
    found = _SALUTATION.match(line)
    if not found or _closing_length(line.strip()):
        return 0
    name = _ADDRESSEE.match(line.rstrip("\n"), found.end())
    if name and not _SENTENCE_WORD.search(name.group()):
        return name.end()
    return found.end()


def _closing_starts(line: str) -> Iterator[int]:
    """Where a closing begins after a sentence in the same line; at most one."""
    for found in _SENTENCE_END.finditer(line, max(0, len(line) - _MAX_CLOSING)):
        if _closing_length(line[found.end() :].strip()):
            yield found.end()
            return


def _closing_length(line: str) -> int:
    found = _CLOSING.match(line) if len(line) <= _MAX_CLOSING else None
    return found.end() if found else 0


def _mark_quoted(pieces: list[_Piece]) -> None:
    for number, piece in enumerate(pieces):
        if piece.text.startswith((">", "|>")):
            piece.part = Part.quoted
        elif _is_quote_header(pieces, number):
            piece.part = Part.quoted
            rest = pieces[number + 1 :]
            # Answers may stand between the quoted lines; where none is marked, all below is quoted.
            if not any(later.text.startswith(">") for later in rest):
                for later in rest:
                    later.part = Part.quoted
                return


def _is_quote_header(pieces: list[_Piece], number: int) -> bool:
    text = pieces[number].text
    if len(text) > _MAX_MARK:
        return False
    if _QUOTE_HEADER.match(text):
        return True
    fields = [piece for piece in pieces[number : number + 4] if _MAIL_FIELD.match(piece.text)]
    return bool(_MAIL_FIELD.match(text)) and len(fields) >= 3


def _mark_disclaimers(pieces: list[_Piece]) -> None:
    """A paragraph that speaks like a disclaimer is one, but never the first: somebody may write *about* one."""
    paragraphs = _paragraphs(pieces)
    for paragraph in paragraphs[1:]:
        if _DISCLAIMER.search(" ".join(piece.text for piece in paragraph)):
            _mark(paragraph, Part.disclaimer)
    for piece in pieces:
        if piece.part is Part.body and _DEVICE.match(piece.text):
            piece.part = Part.disclaimer


def _paragraphs(pieces: list[_Piece]) -> list[list[_Piece]]:
    return [list(group) for filled, group in groupby(pieces, key=lambda piece: bool(piece.text)) if filled]


def _mark(pieces: list[_Piece], part: Part) -> None:
    for piece in pieces:
        if piece.part is Part.body:
            piece.part = part


def _mark_salutation(pieces: list[_Piece]) -> int:
    """Mark the salutation and give the number of the piece after it; 0 if there is none."""
    for number, piece in enumerate(pieces[:_MAX_SALUTATION_LINE]):
        if piece.part is Part.body and _salutation_length(piece.text):
            piece.part = Part.salutation
            return number + 1
    return 0


def _mark_letterhead(pieces: list[_Piece], opening: int) -> None:
    """Mark addresses and the like above the salutation, without one above the first line that is none.

    The subject line of a letter stands there too and stays body.
    """
    head = [piece for piece in pieces[: opening or _MAX_SALUTATION_LINE] if piece.part is Part.body]
    for paragraph in _paragraphs(head):
        address = _address_lines(paragraph)
        for number, piece in enumerate(paragraph):
            if number < address or _is_head(piece.text):
                piece.part = Part.letterhead
            elif not opening and len(piece.text.split()) > _MAX_LABEL:
                return


def _address_lines(paragraph: list[_Piece]) -> int:
    """How many lines at the top of a paragraph are an address: all down to postcode and town, if there are few."""
    for number, piece in enumerate(paragraph[:_MAX_ADDRESS]):
        if _SENTENCE_WORD.search(piece.text) or len(piece.text) > _MAX_CLOSING:
            return 0
        if _TOWN.match(piece.text):
            return number + 1
    return 0


def _is_head(line: str) -> bool:
    return len(line) <= _MAX_MARK and bool(_HEAD.match(line)) and not _SENTENCE_WORD.search(line)


def _mark_closing(pieces: list[_Piece], opening: int) -> bool:
    """Mark the closing and what stands below it; a postscript and prose below it are body."""
    bodies = [number for number, piece in enumerate(pieces) if piece.part is Part.body and piece.text]
    found = next((number for number in bodies if number >= opening and _closing_length(pieces[number].text)), None)
    if found is None or not any(number < found for number in bodies):
        return False
    pieces[found].part = Part.closing
    for paragraph in _paragraphs(pieces[found + 1 :]):
        if not _is_prose(" ".join(piece.text for piece in paragraph)):
            _mark(paragraph, Part.signature)
    return True


def _is_prose(paragraph: str) -> bool:
    if _POSTSCRIPT.match(paragraph):
        return True
    return len(paragraph.split()) >= 6 and bool(_SENTENCE_WORD.search(paragraph))


def _mark_trailing(pieces: list[_Piece]) -> None:
    """Without a closing: name, address and numbers at the end are the signature."""
    bodies = [piece for piece in pieces if piece.part is Part.body and piece.text]
    for above, piece in zip(bodies[-2::-1], bodies[: -_MAX_TRAILING - 1 : -1], strict=False):
        if not (_is_head(piece.text) or (_NAME.match(piece.text) and _may_end(above.text))):
            return
        piece.part = Part.signature


def _may_end(line: str) -> bool:
    """Whether a name can stand below a line: a last word of a wrapped sentence looks like one."""
    return (not line[-1:].isalpha() and line[-1:] not in {",", "-"}) or bool(_NAME.match(line)) or _is_head(line)


def _joined(pieces: list[_Piece]) -> Iterator[Segment]:
    """Empty lines belong to what stands above them."""
    part = Part.body
    labelled: list[tuple[Part, _Piece]] = []
    for piece in pieces:
        part = piece.part if piece.text else part
        labelled.append((part, piece))
    for kind, group in groupby(labelled, key=lambda pair: pair[0]):
        stretch = [piece for _, piece in group]
        yield Segment(kind, stretch[0].start, stretch[-1].end)


def _text_of(text: str, segments: tuple[Segment, ...], part: Part) -> str:
    return "".join(text[piece.start : piece.end] for piece in segments if piece.part is part).strip()


def _unquoted(text: str) -> str:
    """Without the signs of quoting and the header lines of the quoted mail."""
    lines = (re.sub(r"^[\s>|]+", "", line) for line in text.splitlines())
    return "\n".join(line for line in lines if not (_QUOTE_HEADER.match(line) or _MAIL_FIELD.match(line)))


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))
