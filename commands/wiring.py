"""Puts the packages together: kinds by their name in the configuration, and the tools of one processing step."""

import datetime as dt
import importlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from models.classification import Classification, Taxonomy
from models.config import Config
from models.errors import ConfigError, ItemError
from models.message import Message

if TYPE_CHECKING:
    from classify.pipeline import Classifier
    from ingest.archive.base import Archive
    from ingest.process import OpenTools, Tools
    from ingest.readers.base import ReaderSettings
    from ingest.sources.base import Source
    from tickets.due import Calendar
    from tickets.store import ClaimedItem, Store


LOCKS = "locks"
"""Folder in the data folder in which processes show that they live."""


def build_sources(config: Config, only: tuple[str, ...] = ()) -> "list[Source]":
    """The configured sources, or those named.

    Raises:
        ConfigError: if a name or kind is unknown or a source's keys are wrong.
    """
    for name in only:
        if name not in config.sources:
            known = ", ".join(config.sources) or "none"
            raise ConfigError(f"There is no source '{name}' in the configuration. Known: {known}.")
    return [
        _kind("ingest.sources", settings.kind, f"sources.{name}.kind").build(name, settings, data=config.data)
        for name, settings in config.sources.items()
        if not only or name in only
    ]


def build_archive(config: Config) -> "Archive":
    """The archive of originals; the scheme of its URL names the kind: ``file:/path``."""
    scheme, _, _rest = config.archive_url.partition(":")
    module = _kind("ingest.archive", {"file": "files"}.get(scheme, scheme), "archive")
    archive: Archive = module.build(config.archive_url)
    return archive


def load_classifier(config: Config, taxonomy: Taxonomy) -> "Classifier":
    """The configured or shipped model; without one, danger rules and mentions still work."""
    from classify.pipeline import load

    model = Path(config.classifier.model) if config.classifier.model else None
    return load(model, taxonomy, config.numbers)


def reader_settings(config: Config) -> "ReaderSettings":
    """What the readers are told of the configuration."""
    from ingest.readers.base import ReaderSettings

    return ReaderSettings(
        utility=config.utility,
        forms=config.forms,
        limits=config.limits,
        ocr=config.ocr,
        splitting=config.splitting,
    )


def tools_for(config_path: Path) -> "OpenTools":
    """A recipe for the tools of a processing step that another process can carry out."""
    return partial(_open_tools, config_path)


@contextmanager
def _open_tools(config_path: Path) -> "Iterator[Tools]":
    from classify.concerns import load_taxonomy
    from ingest.ownership import owned
    from ingest.process import Tools
    from ingest.sandbox import Sandbox
    from models.config import load_config
    from tickets.due import calendar_for
    from tickets.store import Store

    config = load_config(config_path)
    named = config.classifier.taxonomy
    taxonomy = load_taxonomy(Path(named) if named else None)
    classifier = load_classifier(config, taxonomy)
    store = Store(config.database_url, zone=config.zone, threads=config.threads)
    lease = dt.timedelta(minutes=config.lease_minutes)
    with closing(store), owned(config.data / LOCKS) as owner, Sandbox(reader_settings(config)) as sandbox:
        office = FilingOffice(store, lease, owner, taxonomy, calendar_for(config.region))
        yield Tools(office, build_archive(config), sandbox.read, classifier.classify, config.zone)


@dataclass(frozen=True, slots=True)
class FilingOffice:
    """The store as the processing step sees it: with the house's taxonomy, calendar and clock filled in."""

    _store: "Store"
    _lease: dt.timedelta
    _owner: str
    _taxonomy: Taxonomy
    _calendar: "Calendar"

    def claim(self) -> "ClaimedItem | None":
        """The next accepted item."""
        return self._store.claim(_now(), self._lease, owner=self._owner)

    def file(self, item_id: int, message: Message, classification: Classification) -> int:
        """File it; gives the ticket's number."""
        filed = self._store.file(
            item_id,
            message,
            classification,
            taxonomy=self._taxonomy,
            calendar=self._calendar,
            now=_now(),
        )
        return filed.ticket_id

    def release(self, item_id: int) -> None:
        """Give it back."""
        self._store.release(item_id)

    def set_aside(self, item_id: int, error: ItemError) -> None:
        """Put it into quarantine."""
        self._store.set_aside(item_id, error.reason, str(error), error.detail, _now())


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _kind(package: str, kind: str, key: str) -> ModuleType:
    """The module of a kind; the base module is none."""
    name = f"{package}.{kind}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise ConfigError(f"'{key}' = '{kind}' needs the package {error.name}, which is not installed.") from None
        raise ConfigError(f"'{key}': there is no kind '{kind}'.") from None
    if not hasattr(module, "build"):
        raise ConfigError(f"'{key}': there is no kind '{kind}'.")
    return module
