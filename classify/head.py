"""A head: a linear model over hashed character n-grams and, where there is an encoder, the vector of the whole text.

The lexical head needs no encoder: small, quick, and never missing.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from classify import features, linear
from classify.encoder import USEM3
from classify.features import Row, Weighting
from classify.linear import Linear, Matrix
from models.classification import Evidence

_FILE = "weights.npz"
_DIGEST = "weights.sha256"
_PASSAGES = 5
_TELLING = 0.2
"""Words count as evidence from this share of the strongest one on."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the training can be tuned by; measured by writer, see docs/why.md."""

    bits: int = 18
    """The number of hash buckets is two to this power."""
    strength: float = 8.0
    """Inverse of the L2 penalty."""
    epochs: int = 5
    at_least: int = 2
    """Texts that a bucket must occur in."""
    encoder: str = USEM3
    """Name of the sentence encoder of the semantic head; empty for the lexical head alone."""
    meaning: float = 0.5
    """Length of the encoder's vector beside the n-grams' of length 1, in the head that has one."""


DEFAULT = Settings()


@dataclass(frozen=True)
class Head:
    """A fitted head."""

    weighting: Weighting
    linear: Linear
    meaning: float = 0.0
    """As in the settings; 0 for a head that needs no encoder."""

    def scores(self, texts: Sequence[str], vectors: Matrix | None = None) -> Matrix:
        """Log-odds, one row per text, one column per concern.

        Args:
            texts: as ``segments.text_for_concerns`` gives them.
            vectors: of the encoder that the head was trained with; None for the lexical head.
        """
        return self.scores_of_counts([features.counts(text, self.weighting.bits) for text in texts], vectors)

    def scores_of_counts(self, counted: Sequence[Row], vectors: Matrix | None = None) -> Matrix:
        """As ``scores``, of texts that are counted already."""
        rows = _rows(self.weighting, counted, vectors, self.meaning)
        scores = [self.linear.scores(row) for row in rows]
        return np.stack(scores) if scores else np.zeros((0, len(self.linear.bias)), np.float32)

    def evidence(self, text: str, column: int) -> tuple[Evidence, ...]:
        """The passages of a text that spoke most for a concern, strongest first.

        Args:
            text: as given to ``scores``.
            column: of the concern.
        """
        positions, values = self.weighting.row(text)
        contributions = values * self.linear.weights[positions, column].astype(np.float32)
        words = features.spread(text, self.weighting, positions, contributions)
        strongest = max((weight for _, _, weight in words), default=0.0)
        if strongest <= 0:
            return ()
        passages = [_passage(text, run) for run in _runs(text, words, strongest * _TELLING)]
        # A passage that comes twice is shown once, as it stands where it weighs most.
        once: dict[str, Evidence] = {}
        for passage in sorted(passages, key=lambda passage: -passage.weight):
            once.setdefault(features.fold(passage.text), passage)
        return tuple(once.values())[:_PASSAGES]

    def save(self, folder: Path) -> None:
        """Write the head into ``folder``, with the digest that ``load`` checks."""
        folder.mkdir(parents=True, exist_ok=True)
        content = BytesIO()
        np.savez_compressed(
            content,
            bits=np.int32(self.weighting.bits),
            meaning=np.float32(self.meaning),
            buckets=self.weighting.buckets,
            rarity=self.weighting.rarity.astype(np.float16),
            weights=self.linear.weights,
            bias=self.linear.bias,
        )
        (folder / _FILE).write_bytes(content.getvalue())
        (folder / _DIGEST).write_text(hashlib.sha256(content.getvalue()).hexdigest() + "\n", "ascii")


def load(folder: Path) -> Head:
    """Read a head back.

    Raises:
        OSError: if it is not there.
        ValueError: if its bytes are not those that were written.
    """
    content = (folder / _FILE).read_bytes()
    if hashlib.sha256(content).hexdigest() != (folder / _DIGEST).read_text("ascii").strip():
        raise ValueError(f"{folder / _FILE} is damaged: its digest is not the one it was written with")
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        weighting = Weighting(int(arrays["bits"]), arrays["buckets"], arrays["rarity"].astype(np.float32))
        return Head(weighting, Linear(arrays["weights"], arrays["bias"]), float(arrays["meaning"]))


def fit(counted: Sequence[Row], targets: Matrix, settings: Settings, *, vectors: Matrix | None = None) -> Head:
    """Fit a head.

    Args:
        counted: ``features.counts`` of every training text.
        targets: how far each concern is meant in each text, 0 to 1.
        settings: how.
        vectors: of every text; None for a lexical head.
    """
    weighting = features.weighting_of(counted, bits=settings.bits, at_least=settings.at_least)
    # What is saved is what was trained with: half precision from the start.
    weighting = Weighting(weighting.bits, weighting.buckets, weighting.rarity.astype(np.float16).astype(np.float32))
    meaning = settings.meaning if vectors is not None else 0.0
    model = linear.fit(
        list(_rows(weighting, counted, vectors, meaning)),
        targets,
        width=len(weighting.buckets) + (vectors.shape[1] if vectors is not None else 0),
        strength=settings.strength,
        epochs=settings.epochs,
    )
    return Head(weighting, model, meaning)


def _rows(weighting: Weighting, counted: Sequence[Row], vectors: Matrix | None, meaning: float) -> Iterator[Row]:
    """The rows of texts; the places of a vector come after those of all buckets."""
    for number, row in enumerate(counted):
        positions, values = weighting.weighted(row)
        if vectors is not None:
            behind = np.arange(vectors.shape[1], dtype=np.int32) + len(weighting.buckets)
            positions = np.concatenate([positions, behind])
            values = np.concatenate([values, vectors[number] * np.float32(meaning)])
        yield positions, values


def _runs(text: str, words: Sequence[features.Word], enough: float) -> list[list[features.Word]]:
    """Telling words that follow each other with nothing but blanks or a hyphen between them."""
    runs: list[list[features.Word]] = []
    for word in words:
        if word[2] < enough:
            continue
        if runs and text[runs[-1][-1][1] : word[0]] in {" ", "-"}:
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _passage(text: str, run: Sequence[features.Word]) -> Evidence:
    return Evidence(text[run[0][0] : run[-1][1]], round(sum(weight for _, _, weight in run), 4))
