"""Written messages with what is right about them: one JSON object a line.

``{"id", "writer", "style", "channel", "language", "subject", "body", "primary", "labels": [primary first], "danger":
null|"alarm"|"check", "mentions": [{"kind", "text", "value"}], "received_at"}``
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from classify.concerns import load_taxonomy
from models.classification import DangerLevel, Taxonomy
from models.config import Frozen
from models.errors import PosteingangError

SHIPPED = Path(__file__).with_name("corpus")


class CorpusError(PosteingangError):
    """A line of a corpus is not what it should be; nothing is trained from half a corpus."""

    exit_code = os.EX_DATAERR


@dataclass(frozen=True, slots=True)
class Marked:
    """An identifier, amount, date or place that a writer marked in a message."""

    kind: str
    text: str
    """As written."""
    value: str
    """Normalised."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message of the corpus and what is right about it."""

    id: str
    writer: str
    """Who wrote it; folds never divide a writer."""
    style: str
    channel: str
    """``"email"`` or ``"letter"``."""
    language: str
    subject: str
    body: str
    primary: str
    """A key of the taxonomy."""
    labels: tuple[str, ...]
    """The primary and further concerns."""
    danger: DangerLevel | None = None
    mentions: tuple[Marked, ...] = ()
    received_at: str = ""
    """ISO 8601 date; empty if it does not matter."""


class _MarkedLine(Frozen):
    kind: str
    text: str
    value: str


class _Line(Frozen):
    id: Annotated[str, Field(min_length=1)]
    writer: Annotated[str, Field(min_length=1)]
    style: str = ""
    channel: str = "email"
    language: str = ""
    subject: str = ""
    body: str = ""
    primary: str
    labels: tuple[str, ...] = ()
    danger: DangerLevel | None = None
    mentions: tuple[_MarkedLine, ...] = ()
    received_at: str = ""


def shipped_corpus() -> tuple[Path, ...]:
    """The files of the corpus that comes with the program, in the order of their names."""
    return tuple(sorted(SHIPPED.glob("*.jsonl")))


def read_corpus(paths: Iterable[Path], taxonomy: Taxonomy) -> tuple[Written, ...]:
    """Read and check corpus files in the words of the house's taxonomy.

    Concerns that the house renamed or merged are followed; messages of those it removed are left out.

    Raises:
        CorpusError: naming file, line and what is wrong.
    """
    shipped = load_taxonomy(None).concerns
    seen: dict[str, str] = {}
    messages: list[Written] = []
    for path in paths:
        for where, line in _lines(path):
            message = _written(line, where, taxonomy, shipped)
            if (first := seen.setdefault(line.id, where)) != where:
                raise CorpusError(f"{where}: the id '{line.id}' was used before, in {first}.")
            if message is not None:
                messages.append(message)
    return tuple(messages)


def corpus_hash(messages: Iterable[Written]) -> str:
    """SHA-256 over all messages, whatever their order and files: the same corpus, the same 64 digits."""
    lines = sorted(json.dumps(asdict(message), sort_keys=True, ensure_ascii=False) for message in messages)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _lines(path: Path) -> Iterator[tuple[str, _Line]]:
    try:
        content = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"The corpus {path} cannot be read: {error}.") from error
    for number, text in enumerate(content.split("\n"), 1):
        if not text.strip():
            continue
        where = f"{path.name}:{number}"
        try:
            yield where, _Line.model_validate_json(text)
        except ValidationError as error:
            raise CorpusError(f"{where}: {_sentences(error)}") from None


def _sentences(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    return " ".join(f"'{'.'.join(map(str, problem['loc']))}': {problem['msg']}." for problem in problems)


def _written(line: _Line, where: str, taxonomy: Taxonomy, shipped: Mapping[str, Any]) -> Written | None:
    """The message in the words of the taxonomy; None if its primary concern was removed from it."""
    keys = dict.fromkeys(taxonomy.aliases.get(key, key) for key in (line.primary, *line.labels))
    for key in keys:
        if key not in taxonomy.concerns and key not in shipped:
            raise CorpusError(f"{where}: the concern '{key}' is not in the taxonomy.")
    labels = tuple(key for key in keys if key in taxonomy.concerns)
    if not labels or labels[0] != next(iter(keys)):
        return None
    return Written(
        id=line.id,
        writer=line.writer,
        style=line.style,
        channel=line.channel,
        language=line.language,
        subject=line.subject,
        body=line.body,
        primary=labels[0],
        labels=labels,
        danger=line.danger,
        mentions=tuple(Marked(mark.kind, mark.text, mark.value) for mark in line.mentions),
        received_at=line.received_at,
    )
