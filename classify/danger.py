"""Danger to life or supply, found by rules that need no model.

A passage is one sentence. Stems that stand together in it raise an alarm; past tense, repairs, money, questions and the
like in the same passage lower it to a check and never drop it. See ``danger_stems.toml`` for all words.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from classify.danger_stems import Kind, Rules, load_rules, words_of
from models.catalogue import marked
from models.classification import Danger, DangerLevel

PASSAGE_LENGTH = 300
"""Characters of a passage that are shown."""
WINDOW = 40
"""Words: more without a full stop are read in overlapping windows, for stems far apart say nothing together."""
BEGINNING, ENDING = 100_000, 50_000
"""Characters that are read of an endless text, some fifty pages: its beginning and its end, never only one of them."""
HEADING = 8
"""Words: a line that is no longer may be the heading of what follows."""

_HYPHENATED = re.compile(r"(?<=[a-zäöüß])-[ \t]*\n[ \t]*(?=[a-zäöüß])")
_SPACED = re.compile(r"(?<!\w)(?:\w[ ]){3,40}\w(?!\w)")
_SENTENCE_END = re.compile(
    r"(?:(?<=[.!?…؟])(?<!\bnr\.)(?<!\bstr\.)(?<!\btel\.)(?<!\bca\.)(?<!\bhr\.)(?<!\bfr\.)(?<!\bz\.b\.)(?<!\d\.)[\s]+)|\n",
    re.IGNORECASE,
)
_WRAPPED = re.compile(r"(?<=[^\s.!?:>])[ \t]*\n(?=[ \t]*[a-zäöüß(])")
_ENDS = frozenset(".!?…؟")
_QUOTED = re.compile(r"^[ \t]*>", re.MULTILINE)

REASONS = {
    "gas": marked("Words of gas escaping or smelled."),
    "monoxide": marked("Words of carbon monoxide: a detector, exhaust gas, or people who feel ill near a heater."),
    "fire": marked("Words of fire, smoke or something scorching."),
    "electric": marked("Words of a live, torn or sparking line, or of an electric shock."),
    "water": marked("Words of a burst main or of water flooding a building or street."),
    "heat": marked("Words of hot water or steam escaping from district heating."),
    "blast": marked("Words of an explosion."),
    "life": marked("Words of a life that depends on the supply, or of despair."),
}
"""What was found, by kind, in the words that the agent reads."""

LOWERED = {
    "fixed": marked("It sounds repaired or past."),
    "past": marked("It sounds repaired or past."),
    "money": marked("It may be about money or insurance."),
    "asks": marked("It may be a question about what might happen."),
    "genre": marked("It may be an advertisement, an application or a story."),
    "telecom": marked("It may be about telephone or internet."),
    "quoted": marked("It stands in a quoted message."),
}
"""What lowers an alarm to a check, in the words that the agent reads."""
SUSPECTED = marked("It reads like an emergency, though none of the telling words stands in it.")
"""What the model alone found."""
DOUBTED = marked("It may be past, a question or a figure of speech.")
"""What the model doubts of the rules' alarm."""
# Only these are outweighed by a word that says that it is happening now.
_OUTWEIGHED = ("past", "money", "asks", "telecom")


class _Passage(NamedTuple):
    text: str
    concepts: int
    quoted: bool
    heading: bool = False
    """The subject, or a line like one."""


class _Finding(NamedTuple):
    level: DangerLevel
    kind: Kind
    passage: str
    lowered_by: str


def find_danger(subject: str, body: str) -> Danger | None:
    """The gravest danger that subject or body speak of; None if there is none.

    Takes time linear in the length of the text, about 1 ms for a mail, and never more than half a second.
    """
    rules = load_rules()
    passages = list(_passages(shortened(subject), shortened(body), rules))
    about = passages[0].concepts if subject.strip() and passages else 0
    best: _Finding | None = None
    for finding in _findings(passages, about, rules):
        if best is None or (finding.level is DangerLevel.alarm and best.level is not DangerLevel.alarm):
            best = finding
        if best.level is DangerLevel.alarm:
            break
    if best is None:
        return None
    reason = REASONS[best.kind.name]
    if best.lowered_by:
        reason = f"{reason} {LOWERED[best.lowered_by]}"
    return Danger(best.level, reason, best.passage[:PASSAGE_LENGTH])


def concepts_of(passage: str) -> tuple[str, ...]:
    """The names of the concepts that the rules see in a passage, in the order of ``danger_stems.toml``."""
    rules = load_rules()
    seen = rules.lexicon.concepts(words_of(_masked(passage, rules)))
    return tuple(name for name, bit in rules.lexicon.bits.items() if seen & bit)


def shortened(text: str) -> str:
    """The beginning and the end of an endless text; any other as it is."""
    if len(text) <= BEGINNING + ENDING:
        return text
    return f"{text[:BEGINNING]}\n{text[-ENDING:]}"


def reasons() -> tuple[str, ...]:
    """Every sentence that a reason is made of, for the translation: one of a kind, then at most two that lower it."""
    return (*REASONS.values(), SUSPECTED, *dict.fromkeys(LOWERED.values()), DOUBTED)


def _findings(passages: list[_Passage], about: int, rules: Rules) -> Iterator[_Finding]:
    """Every danger of one passage, then of two neighbours, in the order of the text."""
    cues = {(passage.concepts, cue) for passage in passages if (cue := _lowering(passage, 0, about, rules))}
    for at, passage in enumerate(passages):
        if not passage.concepts:
            continue
        following = passages[at + 1].concepts if at + 1 < len(passages) else 0
        findings = _judged(passage, following, about, rules)
        yield from _lowered(passage, findings, cues, rules) if passage.heading else findings
    for first, second in pairwise(passages):
        if not first.concepts or not second.concepts:
            continue
        both = _Passage(f"{first.text} {second.text}", first.concepts | second.concepts, first.quoted or second.quoted)
        for kind in rules.kinds:
            if any(rule.fits(both.concepts) for rule in kind.near_alarm):
                cue = _lowering(both, 0, about, rules)
                yield _Finding(DangerLevel.check if cue else DangerLevel.alarm, kind, both.text, cue)


def _lowered(
    heading: _Passage, findings: Iterable[_Finding], cues: Iterable[tuple[int, str]], rules: Rules
) -> Iterator[_Finding]:
    """What a heading says, lowered where a sentence that takes up its subject is: headings have no tense.

    Args:
        heading: the passage.
        findings: in it.
        cues: concepts of every passage that is lowered, and what lowers it.
        rules: all.
    """
    cue = min((cue for concepts, cue in cues if concepts & heading.concepts), default="")
    if not cue or rules.has(heading.concepts, "now", "help", "still"):
        yield from findings
        return
    for finding in findings:
        alarm = finding.level is DangerLevel.alarm
        yield finding._replace(level=DangerLevel.check, lowered_by=cue) if alarm else finding


def _judged(passage: _Passage, following: int, about: int, rules: Rules) -> Iterator[_Finding]:
    for kind in rules.kinds:
        if any(rule.fits(passage.concepts) for rule in kind.alarm):
            cue = _lowering(passage, following, about, rules)
            yield _Finding(DangerLevel.check if cue else DangerLevel.alarm, kind, passage.text, cue)
        elif any(rule.fits(passage.concepts) for rule in kind.check):
            yield _Finding(DangerLevel.check, kind, passage.text, "")


def _lowering(passage: _Passage, following: int, about: int, rules: Rules) -> str:
    """The cue that lowers an alarm; empty if none does."""
    concepts = passage.concepts
    if rules.has(concepts, "still"):
        return ""
    if rules.has(concepts, "fixed") or (rules.has(following, "fixed") and not rules.has(following, "still")):
        return "fixed"
    if rules.has(concepts, "genre") or rules.has(about, "genre"):
        return "genre"
    if passage.quoted:
        return "quoted"
    if rules.has(concepts, "now", "help"):
        return ""
    return next((cue for cue in _OUTWEIGHED if rules.has(concepts, cue)), "")


def _passages(subject: str, body: str, rules: Rules) -> Iterator[_Passage]:
    """The subject and the sentences of the body with their concepts; without what is masked."""
    known: dict[tuple[str, ...], int] = {}
    for number, text in enumerate((subject, *sentences(body))):
        words = words_of(_masked(text, rules))
        quoted = bool(_QUOTED.match(text))
        heading = not number or (len(words) <= HEADING and text.rstrip()[-1:] not in _ENDS)
        for start in range(0, max(len(words) - WINDOW // 2, 1), WINDOW // 2):
            window = tuple(words[start : start + WINDOW])
            # Endless texts repeat themselves.
            if window not in known:
                known[window] = rules.lexicon.concepts(window)
            shown = text.strip() if len(words) <= WINDOW else " ".join(window)
            yield _Passage(shown, known[window], quoted, heading)


def _masked(sentence: str, rules: Rules) -> str:
    """The sentence without names, figures of speech and our own footer."""
    lowered = rules.names.sub(" ", sentence).lower()
    if rules.footer.search(lowered) and not rules.footer_unless.search(lowered):
        return ""
    return rules.masked.sub(" ", lowered)


def sentences(body: str) -> Iterator[str]:
    """The sentences of a text whose lines may be wrapped and hyphenated, whose letters may be spaced."""
    text = _HYPHENATED.sub("", body.replace("\r\n", "\n"))
    text = _SPACED.sub(lambda spaced: spaced[0].replace(" ", ""), text)
    for sentence in _SENTENCE_END.split(_WRAPPED.sub(" ", text)):
        if sentence and not sentence.isspace():
            yield sentence
