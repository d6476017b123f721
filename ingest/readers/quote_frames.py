"""The lines that mail programs put before what they quote or forward, in the languages that German customers use."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LINE = 400
"""Only so many characters of a line are looked at: no mail program writes longer frames, and time stays linear."""

_FRAME_LINES = 5
"""A mail program wraps ``Am … schrieb …:`` over at most so many lines."""
_HEADER_LINES = 30

_INVISIBLE = re.compile("[\u00ad\u034f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ADDRESS = re.compile(r"[\w.+%&'*/=?^-]{1,80}@[\w-]{1,80}(?:\.[\w-]{1,80})*")
_DATE = re.compile(
    r"\d{1,2}:\d{2}|\d{1,4}[./-]\d{1,2}\b|\b(?:19|20)\d{2}\b|\d{1,2}\.? ?(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|"
    r"sep|o[ck]t|nov|de[cz])",
    re.IGNORECASE,
)

_WROTE = (
    r"(?:wrote|writes|said|says|sent|schrieben(?: sie)?|schrieb(?: am)?|schreibt|geschrieben|(?:nous )?a\s+(?:é|"
    r"e)crit|ha scritto|escribió|"
    r"escreveu|napisał(?:a|\(a\)|/a|em)?|nadesłał(?:a|\(a\))?|pisze|yazdı|yazmış|şunları yazdı|napsal(?:a|\(a\))?|"
    r"написал(?:а|\(а\))?|пишет|пише|написав|geschreven|schreef|skrev|kirjoitti|írta|a scris|写道|のメッセージ|작성)"
)
_WROTE_AT_END = re.compile(rf"{_WROTE}\s*[:：]?\s*[-–—]*\s*$", re.IGNORECASE)
_WROTE_INSIDE = re.compile(
    r"\b(?:schrieb|schreibt|schreef|skrev|kirjoitti|wrote)\b.{1,250}:\s*[-–—]*\s*$", re.IGNORECASE
)
_WROTE_ANYWHERE = re.compile(r"\b(?:schrieb|schreef|skrev|wrote)\b", re.IGNORECASE)
_BEGINNING = re.compile(
    r"^[-–—>*\s\"'„“]*(?:(?:on|at|in message|am|um|le|el|il|em|op|den|på|dnia|dňa|w dniu|dne|dana|în|в|在|a)\b"
    r"|(?:mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun)[a-zäöü]*[.,]|\w{2,12}\.?, \d|\d{1,4}[ ./-])",
    re.IGNORECASE,
)
_PERSON_SPEAKS = re.compile(
    r"\b(?:ich|wir|mir|uns|mein\w*|i|we|me|us|my|je|ja|yo)\b(?![.@-])|\bhaben? (?:sie|er)\b", re.IGNORECASE
)
"""Words of somebody telling what was written, not of a mail program."""
_YOU_WROTE = re.compile(
    r"\b(?:you wrote|sie schrieben|schrieben sie|du schriebst|hast du geschrieben)\s*:$", re.IGNORECASE
)
_DATE_PERSON = re.compile(
    r"^(?:\w{2,12}\.?,? )?\d{1,4}[ ./-](?=.{0,30}\d).{3,150}(?:<[^<>]{3,120}@[^<>]{3,120}>:?|"
    r"\bvon \S{1,100}@\S{1,100}:)$",
    re.IGNORECASE,
)
"""Gmail's short form and Tutanota's: date, name, address."""
_SHARED_LINE = re.compile(
    r"[\w.!?)-]( ?-{2,} ?| )((?:On|Am) (?=[^:]{0,40}\d)[^\n]{8,250}(?:wrote|schrieb[^:]{0,120}):)$"
)

_FORWARDED = (
    r"forwarded (?:message|mail)(?: (?:from|follows|by)[^-]{0,80})?|weitergeleitete (?:nachricht|e-?mail|"
    r"mail)(?: von[^-]{0,80})?|"
    r"message transféré|message réexpédié|mensaje reenviado|messaggio inoltrato|przesłana (?:dalej )?wiadomość|"
    r"wiadomość przekazana dalej|iletilen (?:ileti|mesaj|e-?posta)|iletilmiş mesaj|doorgestuurd bericht|"
    r"videresendt (?:meddelelse|melding)|vidarebefordrat meddelande|пересылаемое сообщение|"
    r"weitergeleitet von[^-]{0,80}"
)
_ORIGINAL = (
    r"urspr(?:ü|ue|u)ngliche[rn]? (?:nachricht|e-?mail|mail|termin)|original ?-?(?:nachricht|mail|e-?mail)|"
    r"original ?(?:message|appointment)|"
    r"originalmail|originale[rn]? (?:nachricht|e-?mail|mail)|"
    r"reply message|antwort ?-?nachricht|message d'origine|mensaje original|mensagem original|"
    r"messaggio originale|"
    r"oprindelig meddelelse|opprinnelig melding|ursprungligt meddelande|oorspronkelijk bericht|"
    r"oryginalna wiadomość|wiadomość oryginalna|orijinal (?:mesaj|ileti|e-?posta)|původní zpráva|"
    r"исходное сообщение|原始邮件|original message processed by david.{0,20}"
)
_SEPARATOR = re.compile(
    rf"^[\s>*_|]*(?P<left>[-–—=_*+~]{{0,90}})\s*\[?(?:(?P<forwarded>{_FORWARDED})|(?P<original>{_ORIGINAL}))\]?"
    r"\s*(?P<right>[-–—=_*+~]{0,90})[\s*_:]*$",
    re.IGNORECASE,
)
_BEGIN_FORWARDED = re.compile(
    r"^[\s>*]*(?:begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-?mail|mail)|"
    r"début du message (?:réexpédié|transféré)|inizio messaggio inoltrato|inicio del mensaje reenviado|"
    r"początek przekazywanej wiadomości|iletilen mesajın başlangıcı|begin doorgestuurd bericht)\s*[:：]",
    re.IGNORECASE,
)
_REPLY_ABOVE = re.compile(
    r"^[^\w]*(?:(?:please )?(?:type your )?reply above this line|write above this line|(?:bitte )?(?:antworten sie|"
    r"schreiben sie|geben sie ihre antwort|antwort bitte)"
    r" (?:nur )?(?:ober|über)[^.]{0,40}(?:zeile|linie)(?: ein)?)\b",
    re.IGNORECASE,
)
_DAVID = re.compile(r"^\[?original message processed by david", re.IGNORECASE)
_RULE = re.compile(r"^[-_=*–—]{5,}$")

_ROLES = {
    "sender": (r"von|from|de|da|van|fra|från|od|kimden|gönderen|от|від|lähettäjä|feladó|expéditeur|发件人|差出人"),
    "date": (
        r"gesendet(?: am)?|datum|date|sent(?: at)?|envoyé(?: le)?|enviado(?: el)?|fecha|inviato|data|verzonden|"
        r"sendt|dato|skickat|wysłano|gönderilen|gönderilme tarihi|gönderme tarihi|gönderildi|tarih|дата|отправлено|"
        r"odesláno|发送时间|日付"
    ),
    "to": (r"an|to|à|a|para|aan|til|till|do|kime|alıcı|кому|komu|empfänger|收件人|宛先"),
    "subject": (
        r"betreff|betrifft|subject|objet|asunto|assunto|oggetto|onderwerp|emne|ämne|temat|konu|тема|předmět|thema|"
        r"主题|件名"
    ),
    "other": (
        r"cc|cci|bcc|kopie|kopie an|copie|copia|dw|kopia|bilgi|antwort an|reply-to|answer to|organisation|"
        r"organization|priorität|wichtigkeit|importance|priority|anlagen?|attachments?|anhang|anhänge|message-id|"
        r"mailed-by|signed-by"
    ),
}
_ANY_ROLE = "|".join(f"(?P<{role}>{words})" for role, words in _ROLES.items())
_LABEL = re.compile(rf"^[\s>*_•|]{{0,8}}(?:{_ANY_ROLE})[ *]{{0,3}}[:：][\s*]*", re.IGNORECASE)
_GLUED = re.compile(
    r"^[\s*]*(?:von|from)\s*:.{3,200}?(?:gesendet|datum|sent|date)(?: am)?\s*:.{3,150}?(?:an|"
    r"to)\s*:.{1,200}?(?:betreff|subject)\s*:",
    re.IGNORECASE,
)
"""A header block that lost its line breaks on the way from HTML to text."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Lines ``start`` to ``end`` (exclusive) say that something older follows."""

    start: int
    end: int
    forwarded: bool = False
    """The lines say that the mail was passed on, not answered."""
    column: int = 0
    """Where the frame begins in its first line: people write in front of it."""
    address: str = ""
    """Mail address of who wrote what follows, as far as the frame tells."""


def clean(line: str) -> str:
    """A line as it is compared: no invisible characters, plain blanks, bounded."""
    if line.isascii():
        return line[:LINE].strip()
    return _INVISIBLE.sub("", line[:LINE]).replace("\u00a0", " ").strip()


def is_quoted(line: str) -> bool:
    """Whether a clean line carries a quote mark; arrows in advertisements do not count.

    >>> is_quoted("> Guten Tag"), is_quoted(">>> Hier klicken <<<")
    (True, False)
    """
    return line.startswith(">") and not line.endswith("<<")


def frame_at(lines: Sequence[str], index: int) -> Frame | None:
    """The frame that begins with this line, if one does.

    Args:
        lines: all lines of the mail, clean.
        index: of a line that is neither blank nor quoted.
    """
    line = lines[index]
    if _RULE.match(line):
        following = _next(lines, index + 1)
        if following is None or following > index + 3 or _RULE.match(lines[following]):
            return None
        # A bare rule belongs to the frame below it: Outlook's 32 underscores.
        found = _header_block(lines, following) or _separator(lines, following)
        return _from(found, index)
    return (
        _separator(lines, index) or _header_block(lines, index) or _shared(lines, index) or _attribution(lines, index)
    )


def _from(frame: Frame | None, start: int) -> Frame | None:
    if frame is None:
        return None
    return Frame(start, frame.end, forwarded=frame.forwarded, address=frame.address)


def _next(lines: Sequence[str], index: int) -> int | None:
    """The next line that is not blank, not far below."""
    for position in range(index, min(len(lines), index + 6)):
        if lines[position]:
            return position
    return None


def _quote_follows(lines: Sequence[str], index: int) -> bool:
    following = _next(lines, index)
    return following is not None and is_quoted(lines[following])


def _separator(lines: Sequence[str], index: int) -> Frame | None:
    """``-----Ursprüngliche Nachricht-----`` and its like, with the header block below it."""
    line = lines[index]
    match = _SEPARATOR.match(line)
    forwarded = bool(_BEGIN_FORWARDED.match(line)) or bool(match and match["forwarded"])
    if match is None and not forwarded:
        return Frame(index, index + 1) if _REPLY_ABOVE.match(line) else None
    following = _next(lines, index + 1)
    below = None
    if following is not None and not is_quoted(lines[following]):
        below = _header_block(lines, following, needed=2) or _attribution(lines, following)
    dashed = match is None or len(match["left"]) >= 2 or len(match["right"]) >= 2 or bool(_DAVID.match(line))
    if not dashed and below is None:
        return None
    return Frame(index, below.end if below else index + 1, forwarded=forwarded, address=below.address if below else "")


def _label(line: str) -> tuple[str, str] | None:
    """The role and value of a line such as ``Betreff: Abschlag``."""
    match = _LABEL.match(line)
    if match is None or match.lastgroup is None:
        return None
    return match.lastgroup, line[match.end() :]


def _header_block(lines: Sequence[str], index: int, *, needed: int = 3) -> Frame | None:
    """``Von: … Gesendet: … An: … Betreff: …``, in any order, wrapped or with blank lines between."""
    if _GLUED.match(lines[index]):
        address = _ADDRESS.search(lines[index])
        return Frame(index, index + 1, address=address[0] if address else "")
    values: dict[str, str] = {}
    end = position = index
    current = ""
    while position < min(len(lines), index + _HEADER_LINES):
        line = lines[position]
        labelled = _label(line)
        if labelled is not None:
            role, value = labelled
            if role in values and role != "other":
                break
            values[role] = value
            current = role
            end = position + 1
        elif position == index or (line and position - end >= 3) or (not line and not _label_follows(lines, position)):
            break
        elif line:
            values[current] += f" {line}"
        position += 1
    return _block(values, index, end, needed)


def _label_follows(lines: Sequence[str], index: int) -> bool:
    """Whether after one or two blank lines the header block goes on."""
    following = _next(lines, index)
    return following is not None and following <= index + 2 and _label(lines[following]) is not None


def _block(values: dict[str, str], start: int, end: int, needed: int) -> Frame | None:
    """The frame, if these fields cannot be anything a person typed, such as the two addresses of a move."""
    main = [role for role in ("sender", "date", "to", "subject") if role in values]
    by_mail = any("@" in values.get(role, "") for role in ("sender", "to", "other"))
    dated = bool(_DATE.search(values.get("date", "")))
    if "sender" in values:
        likely = len(main) >= needed and ("subject" in values or by_mail)
        likely = likely or (
            len(main) >= 2 and "@" in values["sender"] and (dated or "subject" in values or "to" in values)
        )
    else:
        likely = {"date", "to"} <= values.keys() and dated and ("@" in values["to"] or "subject" in values)
    if not likely:
        return None
    address = _ADDRESS.search(values.get("sender", ""))
    return Frame(start, end, address=address[0] if address else "")


def _attribution(lines: Sequence[str], index: int) -> Frame | None:
    """``Am … schrieb …:``, also wrapped over several lines."""
    joined = lines[index]
    begins = bool(_BEGINNING.match(joined))
    most = _FRAME_LINES if begins else 2
    for end in range(index + 1, min(len(lines), index + most) + 1):
        if _is_attribution(joined, begins=begins, quote_follows=_quote_follows(lines, end)):
            address = _ADDRESS.search(joined)
            return Frame(index, end, address=address[0] if address else "")
        if end == len(lines) or not lines[end] or is_quoted(lines[end]) or len(joined) > LINE:
            return None
        if not begins and "@" not in joined and "<" not in joined:
            return None
        if _BEGINNING.match(lines[end]) and not lines[end][0].isdigit():
            # The next line may be the real beginning: "Am Rande bemerkt" above "Am 5. Februar schrieb …".
            return None
        joined = f"{joined} {lines[end]}"
    return None


def _is_attribution(joined: str, *, begins: bool, quote_follows: bool) -> bool:
    ends = joined.endswith((":", "：", "-", ">", "–", "—"))
    if not ends and not quote_follows:
        return False
    if _DATE_PERSON.match(joined):
        return joined.endswith((":", "：")) or quote_follows
    if quote_follows and begins and _WROTE_ANYWHERE.search(joined) and _DATE.search(joined):
        return True
    if not (_WROTE_AT_END.search(joined) or _WROTE_INSIDE.search(joined)):
        return False
    if quote_follows and (ends or begins):
        return begins or bool(_ADDRESS.search(joined)) or len(joined) < 120
    if _PERSON_SPEAKS.search(_ADDRESS.sub("", joined)) or not ends:
        return False
    addressed = bool(_ADDRESS.search(joined))
    dated = bool(_DATE.search(joined))
    return (
        (begins and dated)
        or addressed
        or bool(_YOU_WROTE.search(joined))
        or bool(re.search(r" via .+ wrote:$", joined))
    )


def _shared(lines: Sequence[str], index: int) -> Frame | None:
    """A frame that stands behind the answer on the same line."""
    line = lines[index]
    if not line.endswith(":") or _BEGINNING.match(line) or not _quote_follows(lines, index + 1):
        return None
    match = _SHARED_LINE.search(line)
    if match is None:
        return None
    return Frame(index, index + 1, column=match.start(1))
