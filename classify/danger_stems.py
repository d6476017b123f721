"""Which concepts of danger the words of a passage stand for: stems in many languages, matched despite OCR errors.

The stems are data (``danger_stems.toml``). Every word is looked up in dictionaries, never searched by alternation, so
the time is linear in the length of the text whatever it holds.
"""

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).with_name("danger_stems.toml")
LONGEST_WORD = 48
FUZZY_FROM = 7
"""Shorter stems have too many neighbours among the words of a language."""
JOINED_FROM = 6
PHRASE_GAP = 4

# What OCR confuses is made equal on both sides: the stems and the words go through the same folding.
_CONFUSED = str.maketrans(
    {"0": "o", "1": "i", "l": "i", "|": "i", "j": "i", "5": "s", "8": "b", "3": "e", "4": "a", "7": "t"}
)
_LETTERS = str.maketrans(
    {"ß": "ss", "ı": "i", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "'": "", "’": "", "й": "и", "ё": "е"}
)
_MERGED = re.compile(r"rn|vv|ae|oe|ue")
_DOUBLED = re.compile(r"(.)\1+")
_MERGES = {"rn": "m", "vv": "w", "ae": "a", "oe": "o", "ue": "u"}
_WORD = re.compile(r"[^\W_]{1,48}(?:['’|][^\W_]{1,8})?")


@lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """The skeleton of a word: no case, no umlauts, no doubled letters, one sign for all that OCR mixes up.

    >>> fold("Kel1er") == fold("KELLER"), fold("Gasgerüche") == fold("gasgerueche"), fold("rnorgen") == fold("morgen")
    (True, True, True)
    """
    plain = unicodedata.normalize("NFKD", word.casefold()).translate(_LETTERS)
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    if not any(character.isalpha() for character in plain):
        return plain
    merged = _MERGED.sub(lambda match: _MERGES[match[0]], plain.translate(_CONFUSED).replace("q", "g"))
    return _DOUBLED.sub(r"\1", merged)


class Meaning(NamedTuple):
    """What one word stands for."""

    concepts: int
    """Bits of the concepts."""
    elements: frozenset[str]
    """Patterns of phrases that the word fits."""


NOTHING = Meaning(0, frozenset())


@dataclass(slots=True)
class _Patterns:
    """Folded stems by the way they must fit, each with the patterns (as written) it comes from."""

    exact: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    prefix: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    suffix: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    infix: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    near: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Long stems with one letter replaced by ``?``, or left out."""

    def add(self, pattern: str) -> None:
        """Take up a pattern such as ``gas*``."""
        stem = fold(pattern.strip("*"))
        starts, ends = pattern.endswith("*"), pattern.startswith("*")
        kind = self.infix if starts and ends else self.prefix if starts else self.suffix if ends else self.exact
        kind[stem].add(pattern)
        if len(stem) >= FUZZY_FROM and not ends:
            for key in _wildcards(stem):
                self.near[key].add(pattern)

    def matching(self, word: str) -> set[str]:
        """All patterns that a folded word fits."""
        found = set(self.exact.get(word, ()))
        for end in range(2, len(word) + 1):
            found |= self.prefix.get(word[:end], _EMPTY)
            found |= self.suffix.get(word[-end:], _EMPTY)
        for start in range(len(word) - 2):
            for end in range(start + 3, min(start + 14, len(word)) + 1):
                found |= self.infix.get(word[start:end], _EMPTY)
        return found

    def nearly_matching(self, word: str) -> set[str]:
        """The long patterns that a folded word fits with one letter read wrongly, or lost."""
        found: set[str] = set()
        for end in range(FUZZY_FROM - 1, min(len(word), 16) + 1):
            for key in _wildcards(word[:end]):
                found |= {
                    pattern for pattern in self.near.get(key, _EMPTY) if pattern.endswith("*") or end == len(word)
                }
        return found


_EMPTY: frozenset[str] = frozenset()


def _wildcards(stem: str) -> Iterator[str]:
    """The stem with each letter but the first and last replaced by ``?``: equal keys are words one letter apart."""
    for at in range(1, len(stem) - 1):
        yield f"{stem[:at]}?{stem[at + 1 :]}"


class Phrase(NamedTuple):
    """Word patterns that follow each other."""

    rest: tuple[tuple[str, int], ...]
    """Pattern and the most words that may stand before it."""
    concept: int


class Lexicon:
    """The stems of all concepts."""

    def __init__(self, stems: dict[str, dict[str, str]]) -> None:
        self.bits = {concept: 1 << number for number, concept in enumerate(stems)}
        self._patterns = _Patterns()
        self._concepts: dict[str, int] = defaultdict(int)
        self._refused: dict[str, int] = defaultdict(int)
        self._elements: set[str] = set()
        self._phrases: dict[str, list[Phrase]] = defaultdict(list)
        for concept, languages in stems.items():
            for entry in " ".join(languages.values()).split():
                self._add(entry, self.bits[concept])
        # A cache of its own for each lexicon: most words of a mail are the words of all mails.
        self.meaning = lru_cache(maxsize=50_000)(self._meaning)
        self.joined_meaning = lru_cache(maxsize=50_000)(self._joined_meaning)

    def _add(self, entry: str, bit: int) -> None:
        if entry.startswith("-"):
            self._refused[entry[1:]] |= bit
            self._patterns.add(entry[1:])
        elif "_" in entry or "~" in entry:
            self._add_phrase(entry, bit)
        else:
            self._concepts[entry] |= bit
            self._patterns.add(entry)

    def _add_phrase(self, entry: str, bit: int) -> None:
        words = re.split(r"([_~])", entry)
        gaps = [PHRASE_GAP if sign == "~" else 0 for sign in words[1::2]]
        self._elements.update(words[::2])
        for word in words[::2]:
            self._patterns.add(word)
        self._phrases[words[0]].append(Phrase(tuple(zip(words[2::2], gaps, strict=True)), bit))

    def _meaning(self, word: str) -> Meaning:
        folded = fold(word)
        found = self._patterns.matching(folded)
        if not found and len(folded) >= FUZZY_FROM:
            found = self._patterns.nearly_matching(folded)
        return self._of(found)

    def _of(self, patterns: set[str]) -> Meaning:
        concepts = refused = 0
        for pattern in patterns:
            concepts |= self._concepts.get(pattern, 0)
            refused |= self._refused.get(pattern, 0)
        return Meaning(concepts & ~refused, frozenset(patterns & self._elements))

    def concepts(self, words: Sequence[str]) -> int:
        """The concepts that stand in a row of words, as bits."""
        meanings = [self.meaning(word) for word in words]
        present = frozenset[str]().union(*(meaning.elements for meaning in meanings))
        found = 0
        for at, meaning in enumerate(meanings):
            found |= meaning.concepts
            for element in meaning.elements:
                for phrase in self._phrases.get(element, ()):
                    if phrase.rest[0][0] in present and _follows(meanings, at, phrase.rest):
                        found |= phrase.concept
            if at + 1 < len(words) and not meaning.concepts and not meanings[at + 1].concepts:
                found |= self._joined(words[at], words[at + 1])
        return found

    def _joined(self, word: str, following: str) -> int:
        """The concepts of a word that was split in two ("Trep penhaus"); both halves are part of the stem."""
        if len(word) + len(following) > LONGEST_WORD or min(len(word), len(following)) < 2:
            return 0
        return self.joined_meaning(fold(word + following), len(fold(word)))

    def _joined_meaning(self, folded: str, first: int) -> int:
        found = {
            pattern
            for pattern in self._patterns.matching(folded)
            if len(stem := fold(pattern.strip("*"))) >= JOINED_FROM
            and folded.startswith(stem)
            and len(stem) > first + 1
        }
        return self._of(found).concepts


def _follows(meanings: Sequence[Meaning], at: int, rest: tuple[tuple[str, int], ...]) -> bool:
    for pattern, gap in rest:
        window = range(at + 1, min(at + gap + 2, len(meanings)))
        place = next((place for place in window if pattern in meanings[place].elements), None)
        if place is None:
            return False
        at = place
    return True


def words_of(text: str) -> list[str]:
    """The words of a text, without signs.

    >>> words_of("Bei uns riecht's, Haus 7")
    ['Bei', 'uns', "riecht's", 'Haus', '7']
    """
    return _WORD.findall(text)


class Rule(NamedTuple):
    """Concepts that must, and must not, stand together."""

    wanted: int
    unwanted: int

    def fits(self, concepts: int) -> bool:
        """Whether the rule holds over these concepts."""
        return concepts & self.wanted == self.wanted and not concepts & self.unwanted


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of danger."""

    name: str
    alarm: tuple[Rule, ...]
    check: tuple[Rule, ...]
    near_alarm: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that ``danger_stems.toml`` holds."""

    lexicon: Lexicon
    kinds: tuple[Kind, ...]
    names: re.Pattern[str]
    masked: re.Pattern[str]
    footer: re.Pattern[str]
    footer_unless: re.Pattern[str]

    def has(self, concepts: int, *names: str) -> bool:
        """Whether any of the named concepts is among the bits."""
        return any(concepts & self.lexicon.bits[name] for name in names)


@cache
def load_rules(path: Path = DATA) -> Rules:
    """Read the stems and rules; once for a process."""
    data = tomllib.loads(path.read_text("utf-8"))
    lexicon = Lexicon(data["stems"])
    kinds = tuple(_kind(name, table, lexicon.bits) for name, table in data["kinds"].items())
    masked = re.compile("|".join(data["masked"]["patterns"]))
    names, footer, unless = (re.compile(data["masked"][key]) for key in ("names", "footer", "footer_unless"))
    return Rules(lexicon, kinds, names, masked, footer, unless)


def _kind(name: str, table: dict[str, Any], bits: dict[str, int]) -> Kind:
    alarm, check, near = (tuple(_rule(line, bits) for line in table[key]) for key in ("alarm", "check", "near_alarm"))
    return Kind(name, (*alarm, *near), check, near)


def _rule(line: str, bits: dict[str, int]) -> Rule:
    wanted = unwanted = 0
    for concept in line.split():
        if concept.startswith("-"):
            unwanted |= bits[concept[1:]]
        else:
            wanted |= bits[concept]
    return Rule(wanted, unwanted)
