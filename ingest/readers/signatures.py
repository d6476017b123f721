"""Where a letter ends and its signature begins: closings, contact blocks, footers of companies and devices."""

import re
from collections.abc import Callable, Sequence
from enum import Enum

from ingest.readers.quote_frames import clean
from ingest.readers.signature_phrases import CLOSING, CONTACT, DATA, FOOTER, MOBILE, POSTSCRIPT, REMAINING, THANKS

_LINES = 120
"""Signatures are looked for in so many last lines; the time stays linear."""
_AFTER_DELIMITER = 25
_ROUNDS = 6

_DASHES = re.compile(r"^(?:--|—|-- -|–)$")
_RULE = re.compile(r"^(?:[-_=*~#+•–—]\s?){5,}$")
_HYPHEN_NAME = re.compile(r"^[-–—~/]\s?[^\W\d_][\w.'’-]{0,30}(?: [^\W\d_][\w.'’-]{0,30}){0,2}$")
_PICTURE = re.compile(
    r"^(?:\[(?:cid:|image|bild|logo|inline)[^\]]{0,200}\]?|<image\d+\.\w+>|\[[^\]]{0,60}\]\s?<https?:[^>]{0,200}>)$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…:]['\"“”)]*$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_PARTICLES = frozenset([
    "von", "van", "de", "der", "den", "zu", "zur", "und", "&", "u.", "i.a.", "i.v.", "ppa.", "im", "in",
    "auftrag", "dr.", "prof.", "familie", "fam.", "frau", "herr", "mr", "mrs", "the", "aus", "vom", "nach", "an",
    "ihr", "ihre", "euer", "eure", "dein", "deine", "your", "from", "am", "/", "-", "+", "|",
])  # fmt: skip
"""Words that stand in names without a capital letter."""
_PLACES = frozenset(["aus", "vom", "von", "nach", "an", "from", "in", "und", "and", "bis"])


class _Closing(Enum):
    """How surely a line is the closing of a letter."""

    no = "no"
    weak = "weak"
    """Only if nothing but a name follows: ``Danke``."""
    strong = "strong"


def strip_signature(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divide lines without quotes into text and signature.

    What reads like prose after a closing (a postscript, a forgotten meter reading) stays text. A signature that would
    be everything is given as such; the caller decides.
    """
    text = _without_blank_end(lines)
    signature: list[str] = []
    blank_below = False
    for _ in range(_ROUNDS):
        kept, cut = _strip_once(text)
        if not cut:
            break
        between = [""] if signature and blank_below else []
        signature = [*cut, *between, *signature]
        text = _without_blank_end(kept)
        blank_below = len(text) < len(kept)
    return text, signature


def _without_blank_end(lines: Sequence[str]) -> list[str]:
    end = len(lines)
    while end and not clean(lines[end - 1]):
        end -= 1
    return list(lines[:end])


def _strip_once(lines: list[str]) -> tuple[list[str], list[str]]:
    if not lines:
        return lines, []
    start = max(0, len(lines) - _LINES)
    cleaned = [clean(line) for line in lines[start:]]
    for find in _FINDERS:
        found = find(cleaned)
        if found is not None:
            return _divide(lines, cleaned, start, found)
    return lines, []


def _divide(lines: list[str], cleaned: list[str], start: int, found: int) -> tuple[list[str], list[str]]:
    """Cut at a line, but keep paragraphs of news that stand below it."""
    text = lines[: start + found]
    signature: list[str] = []
    for paragraph, (begin, end) in _paragraphs(cleaned, found):
        kept = begin > found and _is_news(paragraph)
        target = text if kept else signature
        if begin > found:
            while target and not target[-1].strip():
                target.pop()
            target += [""] * bool(target)
        target += lines[start + begin : start + end]
    return text, signature


def _paragraphs(cleaned: Sequence[str], begin: int) -> list[tuple[list[str], tuple[int, int]]]:
    """Runs of lines that are not blank, with their positions."""
    found: list[tuple[list[str], tuple[int, int]]] = []
    for index in range(begin, len(cleaned)):
        if not cleaned[index]:
            continue
        if found and found[-1][1][1] == index:
            found[-1][0].append(cleaned[index])
            found[-1] = (found[-1][0], (found[-1][1][0], index + 1))
        else:
            found.append(([cleaned[index]], (index, index + 1)))
    return found


def _is_news(paragraph: Sequence[str]) -> bool:
    """Whether a paragraph below the closing says something to the reader."""
    lowered = [line.lower() for line in paragraph]
    if POSTSCRIPT.match(lowered[0]):
        return True
    if FOOTER.search(" ".join(lowered)) or MOBILE.match(lowered[0]):
        return False
    if any(CONTACT.search(line) for line in lowered):
        return False
    if any(DATA.search(line) for line in lowered):
        return True
    return _is_prose(" ".join(paragraph))


def _is_prose(joined: str) -> bool:
    words = _WORD.findall(joined[:2000])
    return len(words) >= 5 and len(joined) >= 30 and bool(_SENTENCE_END.search(joined))


def _mobile(cleaned: Sequence[str]) -> int | None:
    """``Von meinem iPhone gesendet`` as the last line."""
    return len(cleaned) - 1 if MOBILE.match(cleaned[-1].lower()) else None


def _delimiter(cleaned: Sequence[str]) -> int | None:
    """``-- `` (RFC 3676, 4.3), or a rule with nothing but a signature below."""
    for index in range(max(0, len(cleaned) - _AFTER_DELIMITER), len(cleaned)):
        line = cleaned[index]
        if _DASHES.match(line):
            return index
        if _RULE.match(line) and (index > 0 or len(cleaned) > 1):
            below = _paragraphs(cleaned, index + 1)
            if not any(_is_news(paragraph) for paragraph, _ in below):
                return index
    return None


def _closing(cleaned: Sequence[str]) -> int | None:
    """The first closing that only a signature, and perhaps a postscript, follows."""
    for index, line in enumerate(cleaned):
        strength = _strength(line)
        if strength is _Closing.no:
            continue
        below = [other for other in cleaned[index + 1 :] if other]
        if strength is _Closing.strong or (any(cleaned[:index]) and _only_a_name(below)):
            return index
    return None


def _strength(line: str) -> _Closing:
    """Whether a line closes a letter: a phrase, and at most a name or a place behind it."""
    if not line or len(line) > 160:
        return _Closing.no
    lowered = line.lower()
    match = REMAINING.match(lowered) if "verbleib" in lowered else CLOSING.match(lowered)
    if match and _is_name(line[match.end() :]):
        return _Closing.strong
    match = THANKS.match(lowered)
    if match and _is_name(line[match.end() :]):
        return _Closing.weak
    return _Closing.no


def _is_name(rest: str) -> bool:
    """Whether what follows a closing phrase on its line is nothing, a name, or ``aus Köln``."""
    tokens = rest.strip(" ,.!;:/|-–*&)(🙂😊👋☀️🌞").split()
    if not tokens:
        return True
    if len(tokens) > 7 or any(character.isdigit() for token in tokens for character in token):
        return False
    if tokens[0].lower() in _PLACES:
        return True
    return all(token[0].isupper() or token.lower() in _PARTICLES for token in tokens)


def _only_a_name(below: Sequence[str]) -> bool:
    if not below or _strength(below[0]) is not _Closing.no:
        return False
    name = below[0]
    return len(name) <= 40 and _is_name(name) and not _SENTENCE_END.search(name) and not any(map(_is_prose, below[1:]))


def _footer(cleaned: Sequence[str]) -> int | None:
    """A last paragraph that only lawyers and companies write."""
    paragraphs = _paragraphs(cleaned, 0)
    paragraph, (begin, _) = paragraphs[-1]
    if begin == 0:
        return None
    joined = " ".join(paragraph)
    lowered = joined.lower()
    if FOOTER.search(lowered) and not DATA.search(lowered):
        return begin
    if all(_PICTURE.match(line) for line in paragraph):
        return begin
    contacts = sum(1 for line in paragraph if CONTACT.search(line.lower()))
    introduced = cleaned[begin - 1].endswith(":") or (len(paragraphs) > 1 and paragraphs[-2][0][-1].endswith(":"))
    if (
        contacts >= 2
        and not introduced
        and len(paragraph[0]) <= 50
        and not _is_prose(joined)
        and not DATA.search(lowered)
    ):
        return begin
    return None


def _hyphen_name(cleaned: Sequence[str]) -> int | None:
    """``-Max`` as the last line; a list has more than one such line."""
    if not _HYPHEN_NAME.match(cleaned[-1]) or len(cleaned) < 2:
        return None
    above = next((line for line in reversed(cleaned[:-1]) if line), "")
    return None if not above or above[0] in "-–—*•" or above.endswith(":") else len(cleaned) - 1


_FINDERS: tuple[Callable[[Sequence[str]], int | None], ...] = (_mobile, _delimiter, _closing, _footer, _hyphen_name)
