"""Commands that look at messages without filing them: read, classify, train, evaluate."""

import datetime as dt
import errno
import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.output import AsJson, lines, show
from commands.state import State

if TYPE_CHECKING:
    from ingest.sandbox import Sandbox
    from models.classification import Classification, Query
    from models.message import Message, Original


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (read, classify, train, evaluate):
        app.command()(command)


def read(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Mails (.eml, .msg) and scans (PDF, TIFF, PNG, JPEG).")],
    as_json: AsJson = False,
) -> None:
    """Read mails and scans as the intake would; nothing is stored.

    Example: posteingang read letter.pdf mail.eml --json
    """
    from tickets.render_message import message_panel

    failed = False
    for result in _read_all(files, context.obj):
        failed = failed or result["error"] is not None
        if as_json:
            lines([result])
        else:
            show(message_panel(result))
    if failed:
        raise typer.Exit(os.EX_DATAERR)


def _read_all(files: list[Path], state: State) -> Iterator[dict[str, Any]]:
    """Read the files in their order, on every core at once."""
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import ExitStack
    from queue import SimpleQueue

    from commands.wiring import reader_settings
    from ingest.sandbox import Sandbox

    count = min(os.cpu_count() or 1, len(files))
    settings = reader_settings(state.config_or_default)
    with ExitStack() as stack:
        idle: SimpleQueue[Sandbox] = SimpleQueue()
        for _ in range(count):
            idle.put(stack.enter_context(Sandbox(settings)))

        def read_one(path: Path) -> dict[str, Any]:
            sandbox = idle.get()
            try:
                return _read_one(path, sandbox)
            finally:
                idle.put(sandbox)

        threads = stack.enter_context(ThreadPoolExecutor(count))
        yield from threads.map(read_one, files)


def _read_one(path: Path, sandbox: "Sandbox") -> dict[str, Any]:
    """One file as JSON; a file that cannot be read is an object with ``error``."""
    from models.errors import ItemError
    from models.message import Channel, Message, Original

    error: str | None = None
    message = Message("", Channel.letter, "application/octet-stream")
    try:
        _require_file(path)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            head = stream.read(4096)
        original = Original(digest, Channel.letter, path.name)
        message = _unread(head, original)
        message = sandbox.read(path, original)
    except OSError as problem:
        error = f"{path} cannot be read: {problem.strerror}."
    except ItemError as problem:
        error = f"{problem} [{problem.reason}]"
    return _read_json(path, message, error)


def _require_file(path: Path) -> None:
    """Refuse what has no end or never begins: a pipe, a device.

    Raises:
        OSError: if it is none of the files that can be read, or is not there.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it is no regular file")


def _unread(head: bytes, original: "Original") -> "Message":
    """What is known of a file before it is read, and all that is known if it cannot be."""
    from ingest.reading import MAIL, media_type
    from models.message import Channel, Message

    kind = media_type(head, original)
    return Message(original.sha256, Channel.email if kind == MAIL else Channel.letter, kind)


def _read_json(path: Path, message: "Message", error: str | None) -> dict[str, Any]:
    """The object of `read --json`: the message in its order, with path, language and error."""
    from classify.language import detect_language
    from models.serial import message_to_json

    result: dict[str, Any] = {"path": str(path)}
    for key, value in message_to_json(message).items():
        result[key] = value
        if key == "date":
            result["language"] = detect_language(f"{message.subject}\n{message.text or message.full_text}")
    return {**result, "error": error}


def classify(
    context: typer.Context,
    as_json: AsJson = False,
    model: Annotated[bool, typer.Option(help="Use the model, or danger rules and mentions alone.")] = True,
) -> None:
    """Classify messages from standard input, one JSON object a line.

    Keys: id, subject, body, channel, received_at; only body must be there.

    Example: posteingang classify --json < messages.jsonl
    """
    from models.serial import classification_to_json
    from tickets.render_message import classification_panel

    identifiers: list[object] = []

    def queries() -> "Iterator[Query]":
        # As bytes: JSON is UTF-8 wherever we are.
        for number, line in enumerate(sys.stdin.buffer, 1):
            if line.strip():
                identifier, query = _query(line, number)
                identifiers.append(identifier)
                yield query

    for result in _classifier(context.obj, model=model)(queries()):
        values = {"id": identifiers.pop(0), **classification_to_json(result)}
        if as_json:
            lines([values])
        else:
            show(classification_panel(values))


def _query(line: bytes, number: int) -> tuple[object, "Query"]:
    """The id and the query of one input line.

    Raises:
        RefusedError: if the line is not as `classify` needs it.
    """
    from models.classification import Query
    from models.errors import RefusedError

    try:
        values = json.loads(line)
        received = str(values.get("received_at") or "")[:10]
        if received:
            dt.date.fromisoformat(received)
        subject, body = _text(values.get("subject")), _text(values["body"])
        query = Query(subject, body, _text(values.get("channel")) or "email", received)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise RefusedError(
            f"Line {number} of the input is no JSON object with at least 'body' ({type(error).__name__}: {error})."
        ) from None
    return values.get("id"), query


_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


def _text(value: object) -> str:
    """A value of the input as text that has a UTF-8 form, every character in its place; nothing for null."""
    return "" if value is None else _LONE_SURROGATES.sub("\ufffd", str(value))


def _classifier(state: State, *, model: bool) -> "Callable[[Iterable[Query]], Iterator[Classification]]":
    if model:
        return state.classifier.classify
    from functools import partial

    from classify.rules_only import classify_without_model

    config = state.config_or_default
    return partial(classify_without_model, taxonomy=state.taxonomy, numbers=config.numbers)


def train(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for the model; what an earlier training left there is replaced.")],
    corpus: Annotated[
        list[Path] | None, typer.Option(help="JSON lines to learn from; may be repeated.", show_default="as shipped")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train the classifier on messages with their concerns.

    'classifier.model' in the configuration puts it to use.

    Example: posteingang train --out model-2026-03 --corpus ours.jsonl
    """
    from classify.concerns import load_examples
    from classify.corpus_file import shipped_corpus
    from classify.train import train as train_model
    from models.catalogue import _

    state: State = context.obj
    report = train_model(
        tuple(corpus or ()) or shipped_corpus(), state.taxonomy, out, examples=load_examples(state.taxonomy_path)
    )
    if as_json:
        lines([_report_json(report)])
    else:
        text = _(
            "{name} {version}: {messages} messages by {writers} writers, {concerns} concerns, {seconds:.0f} s → {out}"
        )
        typer.echo(
            text.format(
                name=report.version.name,
                version=report.version.version,
                messages=report.messages,
                writers=report.writers,
                concerns=report.concerns,
                seconds=report.seconds,
                out=out,
            )
        )


def evaluate(
    context: typer.Context,
    corpus: Annotated[
        list[Path] | None, typer.Option(help="JSON lines to judge on; may be repeated.", show_default="as shipped")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge the training on writers that the model has not read.

    Example: posteingang evaluate
    """
    from classify.corpus_file import read_corpus, shipped_corpus
    from classify.evaluate import evaluate as evaluate_corpus
    from commands.quality import quality_tables

    state: State = context.obj
    messages = read_corpus(tuple(corpus or ()) or shipped_corpus(), state.taxonomy)
    report = evaluate_corpus(messages, danger=state.taxonomy.danger)
    if as_json:
        lines([_report_json(report)])
    else:
        show(*quality_tables(report))


def _report_json(value: Any) -> dict[str, Any]:
    """A report of the classifier as JSON."""
    from dataclasses import asdict

    plain: dict[str, Any] = json.loads(json.dumps(asdict(value), default=str, ensure_ascii=False))
    return plain
