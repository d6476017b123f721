"""The store's part in accepting, in memory: what is under test here must not lean on the database."""

import datetime as dt
from dataclasses import dataclass, field

from ingest.receive import Received
from ingest.sources.base import Place
from models.message import RawItem, Stored


@dataclass
class MemoryIntake:
    """Keeps items by SHA-256 and sightings by their place, as the tables' UNIQUE constraints do."""

    items: dict[str, RawItem] = field(default_factory=dict)
    sightings: dict[tuple[str, str, int, int, str], str] = field(default_factory=dict)
    runs: list[tuple[str, Received]] = field(default_factory=list)

    def known(self, source: str, place: Place) -> frozenset[tuple[int, str]]:
        """(uid, name) of the place's sightings."""
        return frozenset(
            (uid, name)
            for of, where, uidvalidity, uid, name in self.sightings
            if (of, where, uidvalidity) == (source, place.name, place.uidvalidity)
        )

    def accept(self, raw: RawItem, stored: Stored, *, now: dt.datetime) -> bool:
        """True for new bytes."""
        self.sightings[raw.source, raw.place, raw.uidvalidity, raw.uid, raw.name] = stored.sha256
        if stored.sha256 in self.items:
            return False
        self.items[stored.sha256] = raw
        return True

    def record_run(self, source: str, received: Received, *, started_at: dt.datetime, ended_at: dt.datetime) -> None:
        """Keep the result."""
        self.runs.append((source, received))
