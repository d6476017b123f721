"""What the tests of accept share."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.archive.files import FileArchive
from ingest.receive import Received, receive
from ingest.sources.base import Source
from tests.memory_intake import MemoryIntake

NOW = dt.datetime(2026, 1, 15, 8, tzinfo=dt.UTC)

Run = Callable[[Source], Received]


@pytest.fixture
def intake() -> MemoryIntake:
    return MemoryIntake()


@pytest.fixture
def archive(tmp_path: Path) -> FileArchive:
    return FileArchive(tmp_path / "archive")


@pytest.fixture
def run(intake: MemoryIntake, archive: FileArchive) -> Run:
    """One run of accept over a source."""
    return lambda source: receive(source, archive=archive, intake=intake, now=lambda: NOW)
