"""Texts as a bad scan or a hurried thumb leaves them: for training copies and to measure what errors cost."""

import random

CONFUSED: dict[str, tuple[str, ...]] = {
    "a": ("o", "e"), "b": ("h", "6"), "c": ("e", "("), "d": ("cl",), "e": ("c", "o"), "f": ("t",), "g": ("q", "9"),
    "h": ("b", "li"), "i": ("l", "1", "j"), "l": ("1", "I", "i"), "m": ("rn", "nn"), "n": ("u", "ri"), "o": ("0", "c"),
    "r": ("t", "n"), "s": ("5", "z"), "t": ("f", "l"), "u": ("n", "ii"), "v": ("y",), "w": ("vv",), "z": ("2", "s"),
    "ä": ("a", "ae"), "ö": ("o", "oe"), "ü": ("u", "ii", "ue"), "ß": ("ss", "B"), "I": ("l", "1"), "O": ("0",),
    "S": ("5",), "B": ("8",), "G": ("6",), "Z": ("2",), "0": ("O",), "1": ("l", "I"), "5": ("S",), "8": ("B",),
}  # fmt: skip
"""What an OCR engine takes a character for."""


def noisy(text: str, *, share: float, seed: str) -> str:
    """Confuse, drop or double some characters.

    Args:
        text: the clean text.
        share: how many of the letters and digits are hit, 0 to 1.
        seed: the same seed gives the same errors.
    """
    chance = random.Random(seed)  # noqa: S311 - errors to order, no secret.
    return "".join(_hit(character, chance) if chance.random() < share else character for character in text)


def _hit(character: str, chance: random.Random) -> str:
    if not character.isalnum():
        return character
    kind = chance.random()
    if kind < 0.7 and character in CONFUSED:  # most errors of a scan are confusions
        return chance.choice(CONFUSED[character])
    return "" if kind < 0.85 else character * 2
