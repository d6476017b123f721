"""A drop folder that scanners write into: a scan is claimed by renaming it, and moved to ``done`` once it is accepted.

Nothing is ever overwritten, followed out of the folder or taken while somebody still writes to it.
"""

import datetime as dt
import fnmatch
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ingest.lock import exclusive
from ingest.sources.base import Finding, Known, Place
from ingest.sources.folder_files import (
    counted,
    is_written_to,
    key,
    move_apart,
    original_name,
    pieces,
    status,
    write_whole,
)
from ingest.sources.folder_stamps import BATCH, received, sidecars, voucher
from models.config import Frozen, KindConfig
from models.errors import ConfigError, ItemError, PosteingangError, TemporaryError
from models.message import Channel, RawItem, ReceivedFrom

_log = logging.getLogger(__name__)

_CLAIMED, _DONE, _FAILED = ".claimed", "done", "failed"
_NO_SCANS = (".part", ".tmp", ".lock", ".filepart", ".crdownload", ".partial", ".json")
"""What scanners, SMB and SFTP clients call a file that is still on its way; sidecars and the batch file."""
_WAIT_FOR = (".lock", ".part", ".tmp")
"""Beside a file, under its name with one of these added, they say: not yet."""


class FolderSettings(Frozen):
    """The keys of a source with ``kind = "folder"``."""

    path: Annotated[str, Field(min_length=1)]
    patterns: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "*.pdf",
        "*.tif",
        "*.tiff",
        "*.png",
        "*.jpg",
        "*.jpeg",
        "*.jp2",
        "*.webp",
        "*.heic",
    )
    """Case does not count."""
    settle_seconds: Annotated[float, Field(ge=0, le=600)] = 5
    """So long a file must be left alone before it counts as complete."""
    after: Literal["move", "leave"] = "move"
    """``leave`` changes nothing in the folder."""
    batch_hours: Annotated[float, Field(gt=0)] = 12
    """The batch file speaks for scans that came so long before or after it."""


def build(name: str, settings: KindConfig, *, data: Path) -> "FolderSource":
    """Build the source configured with ``kind = "folder"``."""
    return FolderSource(name, settings.settings(FolderSettings, where=f"sources.{name}"), locks=data / "locks")


@dataclass(frozen=True, slots=True)
class _Look:
    """What lay in the folder at one moment."""

    scans: tuple[Path, ...] = ()
    waiting: tuple[Path, ...] = ()
    """Announced as not finished by a ``.part`` or ``.lock`` beside them."""
    refused: tuple[Path, ...] = ()
    """Symbolic links, pipes, devices under the name of a scan."""
    folders: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()
    """Files that match no pattern."""


class FolderSource:
    """One folder; what lies in folders inside it is not looked at."""

    def __init__(
        self,
        name: str,
        settings: FolderSettings,
        *,
        locks: Path,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self._settings = settings
        self._path = Path(settings.path)
        self._claims = self._path / _CLAIMED
        self._locks = locks
        self._now = now
        self._sleep = sleep

    @property
    def _place(self) -> Place:
        return Place(str(self._path))

    @property
    def _moves(self) -> bool:
        return self._settings.after == "move"

    def items(self, known: Known) -> Iterator[RawItem]:
        """Give the complete scans; first those that a run claimed and died over."""
        with exclusive(self._locks, f"folder:{self._path}", subject=f"folder {self._path} of '{self.name}'"):
            problems: list[PosteingangError] = []
            names = frozenset(name for _uid, name in known(self._place))
            look = self._look()
            if self._moves:
                self._make_folders()
                yield from self._left_over(names, problems)
                yield from self._set_aside(look.refused)
            for path in (*look.folders, *(() if self._moves else look.refused)):
                _log.warning("%s: %s is no scan and is not followed", self.name, path)
            for path in self._complete(look.scans, names):
                yield from self._new(path, names)
            if problems:
                raise problems[0]

    def finish(self, item: RawItem) -> None:
        """Move an accepted scan and its sidecar to ``done``."""
        if self._moves:
            self._to_done(self._claims / item.name)

    def present(self) -> Iterator[tuple[Place, int, str]]:
        """Every scan that is claimed or waits to be."""
        look = self._look()
        for path in (*self._claimed(), *look.scans, *look.waiting):
            try:
                name = path.name if path.parent == self._claims else key(path.name, path.stat())
            except FileNotFoundError:
                continue
            yield self._place, 0, name

    def check(self) -> Iterator[Finding]:
        """See whether the folder can be used, and what lies in it that nobody will take."""
        title = f"{self.name}: {self._path}"
        try:
            look = self._look()
        except ConfigError as error:
            yield Finding(title, good=False, message=str(error))
            return
        places = [self._path, *(self._path / name for name in (_CLAIMED, _DONE, _FAILED))]
        for place in places if self._moves else []:
            if place.exists() and not os.access(place, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
                message = (
                    f"{place} is not ours to change; give it to the user that runs posteingang, or set after = 'leave'."
                )
                yield Finding(title, good=False, message=message)
        for path in look.scans:
            if not os.access(path, os.R_OK, effective_ids=True):
                yield Finding(title, good=False, message=f"{path.name} cannot be read; mend its rights.")
        for path in (*look.folders, *look.refused, *look.others):
            what = (
                "a folder" if path in look.folders else "a link or device" if path in look.refused else "no known kind"
            )
            yield Finding(title, good=False, message=f"{path.name} is {what}; nobody will take it. Move it away.")
        yield Finding(title, good=True, message=f"{len(look.scans) + len(look.waiting)} scans wait.")

    def _look(self) -> _Look:
        """See what is there.

        Raises:
            ConfigError: if the folder is missing or may not be read.
        """
        try:
            names = sorted(self._path.iterdir())
        except OSError as error:
            raise ConfigError(
                f"The folder {self._path} of '{self.name}' cannot be read ({error.strerror}). Make it, or correct "
                f"'sources.{self.name}.path'."
            ) from error
        found: dict[str, list[Path]] = {"scans": [], "waiting": [], "refused": [], "folders": [], "others": []}
        for path in names:
            if kind := self._kind(path):
                found[kind].append(path)
        return _Look(**{kind: tuple(paths) for kind, paths in found.items()})

    def _kind(self, path: Path) -> str:
        """The field of ``_Look`` that a path belongs to; empty for what is ours, hidden, unfinished or a sidecar."""
        if path.name.startswith(".") or path.name in {_DONE, _FAILED} or path.suffix.lower() in _NO_SCANS:
            return ""
        found = status(path)
        if found is None or stat.S_ISDIR(found.st_mode):
            return "folders" if found else ""
        if not any(fnmatch.fnmatchcase(path.name.lower(), pattern.lower()) for pattern in self._settings.patterns):
            return "others"
        if not stat.S_ISREG(found.st_mode):
            return "refused"
        return "waiting" if any(status(path.with_name(path.name + ending)) for ending in _WAIT_FOR) else "scans"

    def _make_folders(self) -> None:
        for name in (_CLAIMED, _DONE, _FAILED):
            try:
                (self._path / name).mkdir(exist_ok=True)
            except OSError as error:
                raise ConfigError(
                    f"{self._path / name} cannot be made ({error.strerror}). Give {self._path} to the user that runs "
                    f"posteingang, or set 'sources.{self.name}.after' to 'leave'."
                ) from error

    def _claimed(self) -> list[Path]:
        if not self._claims.is_dir():
            return []
        return sorted(path for path in self._claims.iterdir() if path.suffix.lower() not in {".json", ".tmp"})

    def _left_over(self, names: frozenset[str], problems: list[PosteingangError]) -> Iterator[RawItem]:
        """Finish what was accepted by a run that died, and give what it had claimed but not got accepted."""
        for sidecar in sorted(self._claims.glob("*.json")):
            scan = sidecar.with_suffix("")
            if not scan.exists():  # the run died after the sidecar's rename and before the scan's
                back = self._path / f"{original_name(scan.name)}.json"
                move_apart(sidecar, self._path, back.name)
        for path in self._claimed():
            if path.name not in names:
                yield self._item(path, path.name)
                continue
            try:
                self._to_done(path)
            except PosteingangError as error:
                problems.append(error)

    def _set_aside(self, refused: tuple[Path, ...]) -> Iterator[RawItem]:
        """Move to ``failed`` what only pretends to be a scan; whoever asks for its bytes learns why."""
        for path in refused:
            sentence = f"{path} is a symbolic link or a device, not a scan; it is not opened and lies in {_FAILED} now."
            try:
                move_apart(path, self._path / _FAILED, path.name)
                yield self._failing(path, ItemError("unsupported", sentence))
            except OSError as error:
                _log.warning("%s: %s cannot be moved to %s: %s", self.name, path, _FAILED, error.strerror)

    def _complete(self, scans: tuple[Path, ...], names: frozenset[str]) -> Iterator[Path]:
        """The scans that nobody writes to any more; waits once for those that came just now."""
        young: dict[Path, tuple[tuple[int, int], ...]] = {}
        for path in scans:
            try:
                if not self._moves and key(path.name, path.stat()) in names:
                    continue
            except FileNotFoundError:
                continue
            marks = _marks(path)
            if self._now() - max(marks, default=(0, 0))[0] / 1e9 >= self._settings.settle_seconds:
                yield path
            else:
                young[path] = marks
        if young:
            # A clock that goes wrong on the scanner or the file server makes every file look young: look twice.
            self._sleep(self._settings.settle_seconds)
        for path, marks in young.items():
            if path.exists() and _marks(path) == marks:
                yield path

    def _new(self, path: Path, names: frozenset[str]) -> Iterator[RawItem]:
        try:
            if is_written_to(path):
                return
            yield self._item(*(self._claim(path, names) if self._moves else (path, key(path.name, path.stat()))))
        except FileNotFoundError:
            return  # somebody took it back
        except OSError as error:
            sentence = (
                f"{path} cannot be taken ({error.strerror}). Give it to the user that runs posteingang; it waits."
            )
            yield self._failing(path, TemporaryError(sentence))

    def _claim(self, path: Path, names: frozenset[str]) -> tuple[Path, str]:
        """Rename a scan to where no scanner writes. Its date goes first, so that no crash can part them."""
        wanted = key(path.name, path.stat())
        number = 1
        while counted(wanted, number) in names or status(self._claims / counted(wanted, number)):
            number += 1
        claimed = self._claims / counted(wanted, number)
        beside = voucher(path, batch_hours=self._settings.batch_hours)
        if beside is not None:
            self._claim_date(path, beside, sidecars(claimed)[0])
        return path.rename(claimed), claimed.name

    def _claim_date(self, path: Path, beside: Path, target: Path) -> None:
        """Give a scan its own copy of a date that it shares with others, or the sidecar itself."""
        others = [other for other in path.parent.glob(f"{path.stem}.*") if other not in {path, beside}]
        if beside.name == BATCH or (beside == sidecars(path)[1] and others):
            write_whole(target, beside.read_bytes())
        else:
            beside.rename(target)

    def _item(self, path: Path, name: str) -> RawItem:
        beside = voucher(path, batch_hours=self._settings.batch_hours)
        received_at, received_from = received(path, beside)
        return self._raw(name, received_at, received_from, lambda: pieces(path))

    def _failing(self, path: Path, error: PosteingangError) -> RawItem:
        def chunks() -> Iterator[bytes]:
            raise error
            yield b""

        return self._raw(path.name, dt.datetime.fromtimestamp(self._now(), dt.UTC), ReceivedFrom.file_time, chunks)

    def _raw(
        self, name: str, received_at: dt.datetime, received_from: ReceivedFrom, chunks: Callable[[], Iterator[bytes]]
    ) -> RawItem:
        return RawItem(
            source=self.name,
            place=self._place.name,
            name=name,
            uidvalidity=0,
            uid=0,
            channel=Channel.letter,
            received_at=received_at,
            received_from=received_from,
            chunks=chunks,
        )

    def _to_done(self, claimed: Path) -> None:
        try:
            done = move_apart(claimed, self._path / _DONE, claimed.name)
            sidecar = sidecars(claimed)[0]
            if sidecar.exists():
                move_apart(sidecar, self._path / _DONE, sidecars(done)[0].name)
        except OSError as error:
            raise TemporaryError(
                f"{claimed} is accepted but cannot be moved to {_DONE} ({error.strerror}); the next run tries again."
            ) from error


def _marks(path: Path) -> tuple[tuple[int, int], ...]:
    """Last change (nanoseconds) and size of a scan and of what speaks for it: whoever writes to one moves a mark."""
    found = (status(file) for file in (path, *sidecars(path), path.with_name(BATCH)))
    return tuple((max(one.st_mtime_ns, one.st_ctime_ns), one.st_size) for one in found if one)
