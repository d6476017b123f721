"""What `doctor` tries besides the sources: data folder, clock, database, archive, readers, model."""

import datetime as dt
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from commands.wiring import build_archive, load_classifier, reader_settings
from ingest.sources.base import Finding
from models.classification import Query, Taxonomy
from models.config import Config
from models.errors import ConfigError, ItemError, PosteingangError
from models.message import Channel, Original

LEAST_FREE_MB = 1024
"""Below this much free space the next big scan may not fit."""
PROBE = b"posteingang doctor"
"""What is stored in the archive to see whether it takes and gives; the one original that belongs to no item."""
CLOCK_FLOOR = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
"""A clock before this has lost its battery: receipt dates would be wrong."""


def data_folder(data: Path) -> Iterator[Finding]:
    """The data folder exists, is ours alone, and has room."""
    if not data.is_dir():
        yield Finding("data folder", good=False, message=f"{data} does not exist; 'posteingang migrate' creates it.")
        return
    mode = stat.S_IMODE(data.stat().st_mode)
    if mode & 0o022:
        yield Finding("data folder", good=False, message=f"Others can write to {data}; 'chmod 700 {data}' mends it.")
    elif not os.access(data, os.W_OK | os.X_OK):
        yield Finding("data folder", good=False, message=f"{data} cannot be written by this user; change its owner.")
    else:
        yield Finding("data folder", good=True, message=str(data))
    free = shutil.disk_usage(data).free // 2**20
    enough = free >= LEAST_FREE_MB
    remedy = "" if enough else f"; make room, at least {LEAST_FREE_MB} MB are wanted"
    yield Finding("disk", good=enough, message=f"{free} MB free in {data}{remedy}")


def clock(now: dt.datetime) -> Iterator[Finding]:
    """The clock is not absurd."""
    good = now > CLOCK_FLOOR
    yield Finding(
        "clock", good=good, message=now.isoformat(timespec="seconds") + ("" if good else "; set it, with NTP")
    )


def database(config: Config) -> Iterator[Finding]:
    """The database answers and is at our revision."""
    from tickets.store import Store

    try:
        store = Store(config.database_url)
        store.check()
        yield Finding("database", good=True, message=store.description)
    except PosteingangError as error:
        yield Finding("database", good=False, message=str(error))


def archive(config: Config) -> Iterator[Finding]:
    """The archive takes bytes and gives them back."""
    try:
        place = build_archive(config)
        with place.local(place.put([PROBE]).sha256) as path:
            good = path.read_bytes() == PROBE
        remedy = "" if good else " gives back other bytes than it was given; check its disk"
        yield Finding("archive", good=good, message=f"{config.archive_url}{remedy}")
    except PosteingangError as error:
        yield Finding("archive", good=False, message=str(error))


def reader(config: Config) -> Iterator[Finding]:
    """A scanned page goes through the sandbox and the OCR engine."""
    from ingest.sandbox import Sandbox

    page = files("commands").joinpath("doctor.png").read_bytes()
    with tempfile.NamedTemporaryFile(suffix=".png") as stream, Sandbox(reader_settings(config)) as sandbox:
        stream.write(page)
        stream.flush()
        try:
            message = sandbox.read(Path(stream.name), Original("", Channel.letter, "doctor.png"))
        except ConfigError as error:
            yield Finding("reader", good=False, message=str(error))
            return
        except ItemError as error:
            yield Finding("reader", good=False, message=f"{error} {error.detail[-300:]}".strip())
            return
    good = "Zähler" in message.full_text or config.ocr.engine == "none"
    remedy = "" if good else f"; the test page was read as {message.full_text[:60]!r}: reinstall the program"
    yield Finding("reader", good=good, message=f"sandbox and OCR engine '{config.ocr.engine}'{remedy}")


def classifier(config: Config, taxonomy: Taxonomy) -> Iterator[Finding]:
    """The model loads and decides an easy message."""
    try:
        loaded = load_classifier(config, taxonomy)
        (result,) = loaded.classify(
            [Query("Umzug", "Wir ziehen zum 1. März um, bitte melden Sie uns ab.", "email", "")]
        )
    except PosteingangError as error:
        yield Finding("model", good=False, message=str(error))
        return
    if result.model is None:
        yield Finding(
            "model", good=False, message="No model could be loaded: danger rules and mentions work, concerns do not."
        )
    else:
        yield Finding("model", good=True, message=f"{result.model.name} {result.model.version}")
