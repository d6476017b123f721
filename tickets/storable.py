"""Makes what strangers write storable: no database takes half a surrogate pair, PostgreSQL no NUL character."""

import re
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "�"


def storable(text: str, length: int | None = None) -> str:
    r"""The text with what no database takes replaced by U+FFFD.

    Args:
        text: anything.
        length: of the column, in characters; what is longer is cut.

    >>> storable("Zähler\x00stand", 8)
    'Zähler�s'
    """
    return _UNSTORABLE.sub(_REPLACEMENT, text)[:length]


def storable_json(value: Any) -> Any:
    """The same for every string inside a JSON value."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): storable_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [storable_json(inner) for inner in value]
    return value
