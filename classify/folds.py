"""Dividing a corpus so that what is measured was never seen: whole writers at a time."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify import features, head
from classify.corpus_file import Written
from classify.encoder import Encoder
from classify.features import Row
from classify.head import Head, Settings
from classify.linear import Matrix
from classify.noise import noisy
from classify.segments import text_for_concerns

NOISE = 0.05
"""Share of characters hit in the noisy copy of each training text."""

FURTHER_TARGET = 0.6
"""How far a further concern is meant, next to 1 for the primary: it shall come second."""

TAXONOMY = "taxonomy"
"""Writer of the examples in the taxonomy: always trained with, never measured on."""

ALWAYS = -1
"""Fold of what is always trained with."""

Folds = NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """A corpus ready for training: texts cut to their core, counted once for all folds."""

    messages: tuple[Written, ...]
    labels: tuple[str, ...]
    texts: tuple[str, ...]
    clean: tuple[Row, ...]
    noisy: tuple[Row, ...]
    spoilt: tuple[str, ...]
    """The noisy copies of the texts."""
    vectors: Matrix | None
    """Of the texts and, below them, of their noisy copies; None without an encoder."""
    targets: Matrix
    primary: NDArray[np.int64]
    """Column of the primary concern of each message; -1 for that of danger, which has none."""
    truth: NDArray[np.bool_]
    """For each message and concern whether it is meant."""

    @property
    def ordinary(self) -> NDArray[np.bool_]:
        """For each message whether it speaks of anything but danger first: the others teach no concern."""
        result: NDArray[np.bool_] = self.primary >= 0
        return result


def sample(
    messages: Sequence[Written], settings: Settings, *, danger: str = "", encoder: Encoder | None = None
) -> Sample:
    """Prepare a corpus; the noisy copies are the same every time.

    Args:
        messages: the corpus.
        settings: how it will be trained with.
        danger: key of the concern that another detector decides, and that is left out here.
        encoder: None for the lexical head alone.
    """
    labels = tuple(sorted({label for message in messages for label in message.labels} - {danger}))
    column = {label: number for number, label in enumerate(labels)}
    targets = np.zeros((len(messages), len(labels)), np.float32)
    for row, message in enumerate(messages):
        targets[row, [column[label] for label in message.labels if label != danger]] = FURTHER_TARGET
        if message.primary != danger:
            targets[row, column[message.primary]] = 1
    texts = tuple(text_for_concerns(message.subject, message.body) for message in messages)
    spoilt = tuple(noisy(text, share=NOISE, seed=message.id) for text, message in zip(texts, messages, strict=True))
    return Sample(
        messages=tuple(messages),
        labels=labels,
        texts=texts,
        clean=tuple(features.counts(text, settings.bits) for text in texts),
        noisy=tuple(features.counts(text, settings.bits) for text in spoilt),
        spoilt=spoilt,
        vectors=encoder([*texts, *spoilt]) if encoder is not None else None,
        targets=targets,
        primary=np.array([column.get(message.primary, -1) for message in messages], np.int64),
        truth=targets > 0,
    )


def by_writer(messages: Sequence[Written], *, number: int = 5) -> Folds:
    """Give whole writers to folds, the largest first to the emptiest; a single writer is divided at random."""
    sizes = Counter(message.writer for message in messages if message.writer != TAXONOMY)
    if len(sizes) < 2:
        return at_random(messages, number=number)
    filled = [0] * min(number, len(sizes))
    fold_of = {TAXONOMY: ALWAYS}
    for writer, size in sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0])):
        emptiest = filled.index(min(filled))
        fold_of[writer] = emptiest
        filled[emptiest] += size
    return np.array([fold_of[message.writer] for message in messages], np.int64)


def at_random(messages: Sequence[Written], *, number: int = 5) -> Folds:
    """Divide without regard to writers: the flattering figure that only the comparison with ``by_writer`` makes useful.

    The digest of the id decides, so that a message stays in its fold whatever is added.
    """
    return np.array(
        [
            ALWAYS
            if message.writer == TAXONOMY
            else int.from_bytes(hashlib.sha256(message.id.encode()).digest()[:8]) % number
            for message in messages
        ],
        np.int64,
    )


def out_of_fold(
    corpus: Sample, folds: Folds, settings: Settings, *, meaning: bool
) -> Iterator[tuple[NDArray[np.int64], Head]]:
    """Train once per fold without it.

    Args:
        corpus: the messages.
        folds: of each message.
        settings: how to train.
        meaning: with the encoder's vectors, which the corpus must have then.

    Yields:
        The numbers of the messages in the fold, and the head that has not seen them.
    """
    for fold in sorted(set(folds.tolist()) - {ALWAYS}):
        inside = np.flatnonzero((folds != fold) & corpus.ordinary)
        counted = [corpus.clean[number] for number in inside] + [corpus.noisy[number] for number in inside]
        targets = np.concatenate([corpus.targets[inside]] * 2)
        vectors = None
        if meaning and corpus.vectors is not None:
            vectors = corpus.vectors[np.concatenate([inside, inside + len(corpus.clean)])]
        yield np.flatnonzero(folds == fold), head.fit(counted, targets, settings, vectors=vectors)


def scores_of(fitted: Head, corpus: Sample, numbers: NDArray[np.int64]) -> Matrix:
    """Scores of some messages of a corpus."""
    vectors = corpus.vectors[numbers] if fitted.meaning and corpus.vectors is not None else None
    return fitted.scores_of_counts([corpus.clean[number] for number in numbers], vectors)
