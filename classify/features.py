"""Texts as sparse vectors of hashed character n-grams: no vocabulary to store, no word unknown.

Characters rather than words, for they carry compounds, misspellings, missing umlauts and the errors of an OCR engine.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int32]
Values = NDArray[np.float32]
Row = tuple[Indices, Values]
"""Buckets in ascending order, and their values."""

Word = tuple[int, int, float]
"""Start, end and weight of a word."""

SHORTEST, LONGEST = 3, 5
"""Lengths of the character n-grams, blanks at both ends of a word included."""

MAX_WORDS = 2000
"""What a message says stands on its first pages; more costs time and drowns it."""

_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def fold(text: str) -> str:
    """Lower case, umlauts written out, compatible characters as one.

    >>> fold("ZÄHLER Straße")
    'zaehler strasse'
    """
    return unicodedata.normalize("NFKC", text).lower().translate(_UMLAUTS)


@lru_cache(maxsize=100_000)
def buckets_of_word(word: str, bits: int) -> Indices:
    """The buckets of the n-grams of one word as it stands in the text; of digits only the number counts."""
    folded = _DIGIT.sub("0", fold(word))
    padded = f" {folded[:6] if folded.isdigit() else folded} "
    grams = {
        padded[start : start + length]
        for length in range(SHORTEST, LONGEST + 1)
        for start in range(max(1, len(padded) - length + 1))
    }
    grams.add(padded)
    return np.unique(np.fromiter((_bucket(gram, bits) for gram in grams), np.int32, len(grams)))


@lru_cache(maxsize=100_000)
def bucket_of_pair(first: str, second: str, bits: int) -> int:
    """The bucket of two words that follow each other: "nicht bezahlt" is not "bezahlt"."""
    return _bucket(f"{fold(first)}\t{fold(second)}", bits)


def words(text: str) -> list[re.Match[str]]:
    """The words of a text with their places, at most ``MAX_WORDS``."""
    found = _WORD.finditer(text)
    return [match for match, _ in zip(found, range(MAX_WORDS), strict=False)]


def counts(text: str, bits: int) -> Row:
    """How often each bucket occurs in a text, as 1 + log(count)."""
    tokens = [match.group() for match in words(text)]
    if not tokens:
        return np.zeros(0, np.int32), np.zeros(0, np.float32)
    pairs = np.fromiter((bucket_of_pair(a, b, bits) for a, b in pairwise(tokens)), np.int32, len(tokens) - 1)
    hashed = np.concatenate([*(buckets_of_word(token, bits) for token in tokens), pairs])
    buckets, frequency = np.unique(hashed, return_counts=True)
    return buckets.astype(np.int32), (1 + np.log(frequency)).astype(np.float32)


def _bucket(gram: str, bits: int) -> int:
    return zlib.crc32(gram.encode()) & ((1 << bits) - 1)


@dataclass(frozen=True)
class Weighting:
    """Which buckets the training texts used, and how telling each is."""

    bits: int
    buckets: Indices
    """In ascending order; a row of the model's weights stands for each."""
    rarity: Values
    """Inverse document frequency of each."""

    def find(self, buckets: Indices) -> tuple[NDArray[np.bool_], Indices]:
        """Which of some buckets the training texts used, and the positions of these."""
        places = self._positions[buckets]
        known = places >= 0
        return known, places[known]

    @cached_property
    def _positions(self) -> Indices:
        """The position of each bucket, -1 for those that the training texts did not use."""
        positions = np.full(1 << self.bits, -1, np.int32)
        positions[self.buckets] = np.arange(len(self.buckets), dtype=np.int32)
        return positions

    def row(self, text: str) -> Row:
        """A text as positions in ``buckets`` and values, of length 1; what was never seen is left out."""
        return self.weighted(counts(text, self.bits))

    def weighted(self, counted: Row) -> Row:
        """Turn counts per bucket into a row, see ``row``."""
        buckets, values = counted
        known, positions = self.find(buckets)
        values = values[known] * self.rarity[positions]
        length = float(np.linalg.norm(values))
        return positions, (values / length if length else values).astype(np.float32)


def weighting_of(counted: Sequence[Row], *, bits: int, at_least: int = 2) -> Weighting:
    """Learn the weighting from the counts of all training texts.

    Args:
        counted: ``counts`` of every text.
        bits: the number of buckets is two to this power.
        at_least: buckets of fewer texts are left out: half of the size, none of the accuracy.
    """
    frequency = np.zeros(1 << bits, np.int32)
    for buckets, _ in counted:
        frequency[buckets] += 1
    kept = np.flatnonzero(frequency >= at_least).astype(np.int32)
    rarity = np.log((1 + len(counted)) / (1 + frequency[kept])) + 1
    return Weighting(bits, kept, rarity.astype(np.float32))


def spread(text: str, weighting: Weighting, positions: Indices, contributions: Values) -> list[Word]:
    """Give back to the words of a text what its buckets contributed, in equal parts where several words share one.

    Args:
        text: the text that ``weighting.row`` was taken of.
        weighting: the same.
        positions: of that row.
        contributions: of each of the positions.
    """
    found = words(text)
    if not found:
        return []
    by_word = list(_buckets_by_word([match.group() for match in found], weighting.bits))
    owner = np.repeat(np.arange(len(found)), [len(buckets) for buckets in by_word])
    known, owned = weighting.find(np.concatenate(by_word))
    places = np.searchsorted(positions, owned)
    shares = contributions / np.bincount(places, minlength=len(positions))
    totals = np.bincount(owner[known], weights=shares[places], minlength=len(found))
    return [(match.start(), match.end(), float(total)) for match, total in zip(found, totals, strict=True)]


def _buckets_by_word(tokens: Sequence[str], bits: int) -> Iterator[Indices]:
    """The buckets of every word, with those of the pairs that it belongs to."""
    pairs = [bucket_of_pair(first, second, bits) for first, second in pairwise(tokens)]
    for number, token in enumerate(tokens):
        around = pairs[max(0, number - 1) : number + 1]
        yield np.concatenate([buckets_of_word(token, bits), np.array(around, np.int32)])
