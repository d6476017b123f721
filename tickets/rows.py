"""What goes into rows and what identifies them.

No database takes half a surrogate pair, PostgreSQL no NUL character, and columns have lengths.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import insert
from sqlmodel import Session, SQLModel

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "�"


class Numbered(Protocol):
    """A row of a table."""

    id: int | None


def number(row: Numbered) -> int:
    """The row's number, which it has once it was read or flushed."""
    assert row.id is not None  # noqa: S101 - a bug of ours, never of the data
    return row.id


def insert_all(session: Session, rows: Sequence[SQLModel]) -> None:
    """Insert rows of one table whose numbers nobody needs: one statement, where the session would take one a row."""
    if not rows:
        return
    table = SQLModel.metadata.tables[str(rows[0].__tablename__)]
    names = [column.name for column in table.columns if not column.primary_key]
    session.connection().execute(insert(table), [{name: getattr(row, name) for name in names} for row in rows])


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
