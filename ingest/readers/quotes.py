"""What is new in a mail, what it quotes, and where the signature begins."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.readers.quote_frames import Frame, clean, frame_at, is_quoted
from ingest.readers.signatures import strip_signature

_FORWARD_SUBJECT = re.compile(
    r"^\W*(?:wg|fwd?|wtr|weitergeleitet|tr|rv|enc|vs|vb|vl|doorst|pd|i̇?lt|ilt|пересл)\s?(?:\[\d+\])?\s?[:：]|^\[fwd",
    re.IGNORECASE,
)
_REPLY_SUBJECT = re.compile(
    r"^\W*(?:aw|re|antw|antwort|sv|odp|ynt|rif|ref)\s?(?:\[\d+\]|\(\d+\))?\s?[:：]", re.IGNORECASE
)
_MARK = re.compile(r"^[ \t\u00a0]*> ?")
_LINK = re.compile(r"^[(<]\s?(?:https?|mailto):")
_OPEN_LINK = re.compile(r"[(<]https?:[^\s)>]*$")
_WRAPPED_FROM = 60
"""A quoted line at least this long may have lost its end to the next line when it was wrapped, in characters."""
_WRAPPED_REST = 30


@dataclass(frozen=True, slots=True)
class Split:
    """The text of a mail, taken apart; nothing of it is lost, only blank lines are."""

    text: str
    """What this sender newly wrote; of a forwarded mail also what was passed on. Empty only if the mail is."""
    quoted: str
    """Older mails below or between, with the lines that introduce them."""
    signature: str
    forwarded: bool
    """The sender passes on what somebody else wrote."""


def split(text: str, *, subject: str, own: Callable[[str], bool]) -> Split:
    r"""Tell new text, quoted text and signature apart, in linear time.

    Args:
        text: body with line ends ``\\n``; quotes begin with ``>`` or below a frame such as ``Am … schrieb …:``.
        subject: tells a forwarded mail (``WG:``) from an answer (``AW:``).
        own: whether a mail address is the utility's: our own mail passed back to us is a quote, not news.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cleaned = [clean(line) for line in lines]
    quoted, frame = _mark(lines, cleaned)
    forwards = bool(_FORWARD_SUBJECT.match(subject))
    if frame is not None and frame.forwarded and not _REPLY_SUBJECT.match(subject):
        forwards = True
    if forwards:
        return _forwarded(lines, quoted, frame, own)
    return _answered(lines, quoted)


def _mark(lines: list[str], cleaned: list[str]) -> tuple[list[bool], Frame | None]:
    """Which lines are quoted, and the first frame that is not itself inside a quote.

    A frame that shares its line with the answer is moved to a line of its own, in both lists.
    """
    quoted: list[bool] = []
    first: Frame | None = None
    index = 0
    while index < len(cleaned):
        line = cleaned[index]
        if not line or is_quoted(line):
            quoted.append(bool(line))
            index += 1
            continue
        frame = frame_at(cleaned, index)
        if frame is None:
            quoted.append(_belongs_to_quote(cleaned, index))
            index += 1
            continue
        if frame.column:
            _break_line(lines, cleaned, index, frame.column)
            quoted.append(False)
            index += 1
            frame = Frame(index, index + 1)
        first = first or frame
        end = frame.end if _quote_below(cleaned, frame.end) else len(cleaned)
        quoted += [True] * (end - index)
        index = end
    return quoted, first


def _break_line(lines: list[str], cleaned: list[str], index: int, column: int) -> None:
    before, behind = cleaned[index][:column], cleaned[index][column:]
    lines[index : index + 1] = [before, behind]
    cleaned[index : index + 1] = [before.strip(), behind.strip(" -")]


def _quote_below(cleaned: Sequence[str], start: int) -> bool:
    """Whether a frame is followed by marked lines; if not, everything below it is old."""
    for index in range(start, len(cleaned)):
        if cleaned[index]:
            return is_quoted(cleaned[index])
    return False


def _belongs_to_quote(cleaned: Sequence[str], index: int) -> bool:
    """Whether an unmarked line between two marked ones is the rest of the upper one, or only a link."""
    if (
        index == 0
        or index + 1 >= len(cleaned)
        or not is_quoted(cleaned[index - 1])
        or not is_quoted(cleaned[index + 1])
    ):
        return False
    line, above = cleaned[index], cleaned[index - 1]
    if _LINK.match(line) or _OPEN_LINK.search(above):
        return True
    unfinished = len(above) >= _WRAPPED_FROM and above[-1] not in ".?!:;"
    return unfinished and len(line) <= _WRAPPED_REST


def _answered(lines: Sequence[str], quoted: Sequence[bool]) -> Split:
    texts: list[str] = []
    signatures: list[str] = []
    olds: list[str] = []
    for is_old, block in _blocks(lines, quoted):
        if is_old:
            olds.append(_joined(block))
            continue
        new, closing = strip_signature(block)
        texts.append(_joined(new))
        signatures.append(_joined(closing))
    text, old, signature = ("\n\n".join(filter(None, parts)) for parts in (texts, olds, signatures))
    if text:
        return Split(text, old, signature, forwarded=False)
    if signature:
        return Split(signature, old, "", forwarded=False)
    return Split(_unmarked(old), "", "", forwarded=False)


def _forwarded(lines: Sequence[str], quoted: Sequence[bool], frame: Frame | None, own: Callable[[str], bool]) -> Split:
    """The passed-on mail is the message, unless it is our own: then only what was written above it is."""
    start = frame.start if frame is not None else _first(quoted)
    above, signature = (_joined(part) for part in strip_signature(lines[:start]))
    passed_on = _unmarked(_joined(lines[start:]))
    if frame is not None and above and frame.address and own(frame.address):
        return Split(above, passed_on, signature, forwarded=True)
    text = "\n\n".join(filter(None, (above, passed_on)))
    if not text:
        return Split(signature, "", "", forwarded=True)
    return Split(text, "", signature, forwarded=True)


def _first(quoted: Sequence[bool]) -> int:
    return next((index for index, is_old in enumerate(quoted) if is_old), len(quoted))


def _blocks(lines: Sequence[str], quoted: Sequence[bool]) -> list[tuple[bool, list[str]]]:
    """Runs of quoted and of new lines; blank lines go to the run before them."""
    blocks: list[tuple[bool, list[str]]] = []
    for line, is_old in zip(lines, quoted, strict=True):
        blank = not line.strip()
        if blocks and (blank or blocks[-1][0] == is_old):
            blocks[-1][1].append(line)
        elif not blank:
            blocks.append((is_old, [line]))
    return blocks


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _unmarked(text: str) -> str:
    """A quote without one level of its marks, if all of it is marked."""
    return "\n".join(_MARK.sub("", line) for line in text.split("\n")).strip("\n")
