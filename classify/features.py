"""Texts as sparse vectors of hashed character n-grams: no vocabulary to store, no word unknown.

Characters rather than words, for they carry compounds, misspellings, missing umlauts and the errors of an OCR engine.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int32]
Values = NDArray[np.float32]
Row = tuple[Indices, Values]
"""Buckets in ascending order, and their values."""

SHORTEST, LONGEST = 3, 5
"""Lengths of the character n-grams, blanks at both ends of a word included."""

MAX_WORDS = 2000
"""What a message says stands on its first pages; more costs time and drowns it."""

_WORD = re.compile(r"[^\W_]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def fold(text: str) -> str:
    """Lower case, umlauts written out, compatible characters as one.

    >>> fold("ZÄHLER Straße")
    'zaehler strasse'
    """
    return unicodedata.normalize("NFKC", text).lower().translate(_UMLAUTS)


@lru_cache(maxsize=100_000)
def buckets_of_word(word: str, bits: int) -> Indices:
    """The buckets of the n-grams of one word as it stands in the text; numbers count by their length only."""
    folded = fold(word)
    padded = f" {'0' * min(len(folded), 6) if folded.isdigit() else folded} "
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

    def row(self, text: str) -> Row:
        """A text as positions in ``buckets`` and values, of length 1; what was never seen is left out."""
        return self.weighted(counts(text, self.bits))

    def weighted(self, counted: Row) -> Row:
        """Turn counts per bucket into a row, see ``row``."""
        buckets, values = counted
        positions = np.searchsorted(self.buckets, buckets).astype(np.int32)
        positions[positions == len(self.buckets)] = 0
        known = self.buckets[positions] == buckets if len(self.buckets) else np.zeros(len(buckets), bool)
        positions, values = positions[known], values[known] * self.rarity[positions[known]]
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


def spread(text: str, weighting: Weighting, shares: Values) -> Iterator[tuple[int, int, float]]:
    """Give back to the words of a text what its buckets contributed.

    Args:
        text: the text that ``weighting.row`` was taken of.
        weighting: the same.
        shares: contribution of each bucket of ``weighting``, already divided by how often the text has it.

    Yields:
        Start, end and contribution of every word.
    """
    for match in words(text):
        hashed = buckets_of_word(match.group(), weighting.bits)
        positions = np.searchsorted(weighting.buckets, hashed)
        positions[positions == len(weighting.buckets)] = 0
        known = weighting.buckets[positions] == hashed if len(weighting.buckets) else np.zeros(len(hashed), bool)
        yield match.start(), match.end(), float(shares[positions[known]].sum())
