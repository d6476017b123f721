"""Mails that a web form wrote: the customer is not in From but in a line such as ``E-Mail: max@example.com``."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.config import Form

_FIELDS_TO_GUESS = 3

_LINE = re.compile(
    r"^[\s*_•·-]{0,4}(?P<label>[^\W\d_][^:|\n\t]{0,58}?)[\s*_]{0,3}(?::|\s\|\s|\t)"
    r"[\s*_]{0,4}(?P<value>.*?)[\s*]*$"
)
_SENTENCE = re.compile(r"[.!?;,]\s|\b(?:ich|wir|bitte|habe|haben|ist|sind|wurde|folgende\w*)\b", re.IGNORECASE)
"""In a label, the sign that a line is prose: ``Bitte beachten Sie folgendes: …``."""
_URL = re.compile(r"^(?:https?|mailto|ftp)$", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+%&'*/=?^-]{1,80}@[\w-]{1,80}(?:\.[\w-]{1,80}){1,6}")
_NO_REPLY = re.compile(
    r"^(?:no-?_?reply|do-?not-?reply|nicht-?antworten|keine-?antwort|form(?:ular)?s?|kontaktformular|web-?form(?:ular)?|wordpress|"
    r"www-data|web(?:master|server|site)?|apache|typo3|joomla|drupal|online-?service|serviceportal|portal)(?:[.+_-][^@]*)?@",
    re.IGNORECASE,
)
_NAMES = frozenset([
    "name", "ihr name", "vorname", "nachname", "vor- und nachname", "vorname und nachname", "vor- und zuname", "zuname",
    "familienname", "vollständiger name", "name, vorname", "vorname, nachname", "kundenname", "ansprechpartner",
    "full name", "first name", "last name",
])  # fmt: skip
_MAIL = re.compile(r"e-?mail|^mail|^von$|^from$|^absender$", re.IGNORECASE)
_MESSAGE = re.compile(
    r"^(?:ihre? )?(?:nachricht\w*|mitteilung\w*|anliegen|bemerkung\w*|kommentar\w*|anmerkung\w*|message|freitext|text|"
    r"beschreibung|frage|anfrage|your message)$",
    re.IGNORECASE,
)
_TRAILER = re.compile(
    r"^(?:datenschutz\w*|einwilligung\w*|zustimmung|ip(?:-adresse)?|browser|user-?agent|url|seite|seiten-?url|herkunft|referrer|"
    r"gesendet(?: am)?|zeitstempel|datum der anfrage|captcha|kopie an\w*|anhang|dateien?|attachments?)$",
    re.IGNORECASE,
)
"""Fields that programs write below the free text."""
_END = re.compile(
    r"^\s*(?:--\s*$|_{5,}|-{5,}|diese (?:e-?mail|nachricht) wurde .{0,80}(?:formular|website|webseite|automatisch))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FormMail:
    """What a customer typed into a web form."""

    name: str
    mail: str
    """The customer's address as typed; empty if the form has none."""
    message: str
    """The free text; empty if there is no such field."""
    fields: tuple[tuple[str, str], ...]
    """Label and value in the order of the form, empty values included."""
    guessed: bool
    """No configured form matched: the mail only looks like one."""


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    value: str


def read_form(text: str, sender: str, forms: tuple[Form, ...]) -> FormMail | None:
    """Read the mail of a web form; None if it is none.

    Args:
        text: everything readable of the body.
        sender: address in From.
        forms: our own forms; the first with this sender and one of its labels in the text is it.
    """
    for form in forms:
        if form.sender.casefold() == sender.strip().casefold():
            fields = _fields(text, known=(*form.name, form.mail, form.message), message=form.message)
            found = _configured(form, fields)
            if found is not None:
                return found
    if _NO_REPLY.match(sender.strip()):
        return _guessed(_fields(text, known=(), message=""))
    return None


def _configured(form: Form, fields: Sequence[tuple[str, str]]) -> FormMail | None:
    values = {_key(label): value for label, value in reversed(fields)}
    labels = (*form.name, form.mail, form.message)
    if not any(_key(label) in values for label in labels):
        return None
    return FormMail(
        name=_name(values.get(_key(label), "") for label in form.name),
        mail=_first_address(values.get(_key(form.mail), "")),
        message=values.get(_key(form.message), ""),
        fields=tuple(fields),
        guessed=False,
    )


def _guessed(fields: Sequence[tuple[str, str]]) -> FormMail | None:
    if len(fields) < _FIELDS_TO_GUESS:
        return None
    addressed = [value for label, value in fields if _MAIL.search(label) and _ADDRESS.search(value)]
    if not addressed:
        return None
    name = _name(value for label, value in fields if _key(label) in _NAMES)
    return FormMail(
        name=name or _name([addressed[0].partition("<")[0]] if "<" in addressed[0] else []),
        mail=_first_address(addressed[0]),
        message=next((value for label, value in fields if _MESSAGE.match(label)), ""),
        fields=tuple(fields),
        guessed=True,
    )


def _fields(text: str, *, known: Iterable[str], message: str) -> list[tuple[str, str]]:
    """Labels and values; a value goes on over the following lines, the free text over blank lines, too.

    Inside the free text only a label that the form is known to have, or one that programs write at the end, begins a
    new field: customers write ``Zählerstand: 4711``.
    """
    keys = frozenset(map(_key, known))
    found: list[tuple[str, list[str]]] = []
    free = open_ = False
    for raw in text.split("\n"):
        if found and _END.match(raw):
            break
        line = _labelled(raw)
        if line is not None and _begins_field(line, keys, free=free):
            found.append((line.label, [line.value] if line.value else []))
            free = _is_free(line.label, message)
            open_ = True
        elif not raw.strip():
            open_ = open_ and (free or not found[-1][1])
            if free and found[-1][1]:
                found[-1][1].append("")
        elif open_ and found:
            found[-1][1].append(raw.strip())
    return [(label, "\n".join(lines).strip()) for label, lines in found]


def _begins_field(line: _Line, keys: frozenset[str], *, free: bool) -> bool:
    if not free or _key(line.label) in keys:
        return True
    return bool(_TRAILER.match(line.label))


def _is_free(label: str, message: str) -> bool:
    return _key(label) == _key(message) if message else bool(_MESSAGE.match(label))


def _labelled(raw: str) -> _Line | None:
    match = _LINE.match(raw[:2000])
    if match is None:
        return None
    label = match["label"].strip(" *_")
    if _URL.match(label) or _SENTENCE.search(label) or len(label.split()) > 7:
        return None
    value = match["value"].removeprefix("|").strip()
    return _Line(label, value + raw[2000:])


def _key(label: str) -> str:
    """A label as it is compared: no case, no colon, no mark for required fields."""
    return " ".join(label.casefold().strip(" *:").split())


def _name(parts: Iterable[str]) -> str:
    return " ".join(" ".join(parts).replace('"', " ").split())


def _first_address(value: str) -> str:
    match = _ADDRESS.search(value)
    return match[0].rstrip(".") if match else ""
