"""When a scan was received: the mail room's word beside it, or else the file's own time with a mark."""

import datetime as dt
import logging
import stat
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.sources.folder_files import status
from models.message import ReceivedFrom

_log = logging.getLogger(__name__)

BATCH = "batch.json"


class _Stamp(BaseModel):
    """What a sidecar or batch file says; what else stands in it (``channel``, the scanner's notes) is left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    received_on: dt.date


def sidecars(file: Path) -> tuple[Path, Path]:
    """Where a scan's own date may stand: ``scan.pdf.json``, else ``scan.json``."""
    return file.with_name(f"{file.name}.json"), file.with_name(f"{file.stem}.json")


def voucher(file: Path, *, batch_hours: float) -> Path | None:
    """The sidecar that speaks for a scan, else the batch file of its folder, else None.

    Args:
        file: the scan.
        batch_hours: the batch file speaks only for scans that came so many hours before or after it: one that was
            forgotten yesterday says nothing about today's letters.
    """
    for sidecar in sidecars(file):
        if sidecar.name != BATCH and _is_plain(sidecar):
            return sidecar
    batch = file.with_name(BATCH)
    # ctime: copying a file in may keep its old mtime, but not this.
    if _is_plain(batch) and abs(batch.stat().st_ctime - file.stat().st_ctime) <= batch_hours * 3600:
        return batch
    return None


def received(file: Path, beside: Path | None) -> tuple[dt.datetime, ReceivedFrom]:
    """The time of receipt, UTC, and where it was read.

    A mail room's date counts as noon UTC, which is the same day everywhere in Europe.

    Args:
        file: the scan.
        beside: what ``voucher`` found for it.
    """
    found = file.stat()
    if beside is not None:
        day = _received_on(beside)
        if day is not None and day <= dt.datetime.fromtimestamp(found.st_ctime, dt.UTC).date() + dt.timedelta(days=1):
            return dt.datetime.combine(day, dt.time(12), dt.UTC), ReceivedFrom.batch
        _log.warning("%s: %s gives no date of receipt that can be; the file's own time counts", file.name, beside)
    # No file can have been written after it came.
    return dt.datetime.fromtimestamp(min(found.st_mtime, found.st_ctime), dt.UTC), ReceivedFrom.file_time


def _is_plain(path: Path) -> bool:
    found = status(path)
    return found is not None and stat.S_ISREG(found.st_mode)


def _received_on(path: Path) -> dt.date | None:
    try:
        return _Stamp.model_validate_json(path.read_bytes()).received_on
    except (OSError, ValidationError):
        return None
