"""Shows an original in the desktop's own viewer."""

import os
import shutil
import subprocess
from pathlib import Path

from commands.state import State
from commands.wiring import build_archive
from models.errors import NotFoundError, TemporaryError

_KEPT_SECONDS = 24 * 3600

_SUFFIXES = {
    "message/rfc822": ".eml",
    "application/pdf": ".pdf",
    "image/tiff": ".tif",
    "image/png": ".png",
    "image/jpeg": ".jpg",
}


def original_of(state: State, number: int, entry: int) -> Path:
    """A copy of the original of a ticket's message under a name that viewers know, readable by its owner only.

    Copies lie in the data folder and are swept away a day later by the next call.

    Raises:
        NotFoundError: if the ticket has no such message.
    """
    messages = [found for found in state.store.ticket(number).entries if found.item_id is not None and found.message]
    if entry > len(messages):
        count = f"{len(messages)} message{'' if len(messages) == 1 else 's'}"
        raise NotFoundError(f"Ticket #{number} has {count}; there is no message {entry}.")
    message = messages[entry - 1].message
    assert message is not None  # noqa: S101 - filtered above
    suffix = _SUFFIXES.get(message.media_type, ".bin")
    folder = state.config.data / "opened"
    folder.mkdir(mode=0o700, exist_ok=True)
    yesterday = state.now().timestamp() - _KEPT_SECONDS
    for old in folder.iterdir():
        if old.stat().st_mtime < yesterday:
            old.unlink(missing_ok=True)
    copy = folder / f"ticket-{number}-{entry}{suffix}"
    copy.unlink(missing_ok=True)
    with build_archive(state.config).local(message.sha256) as path:
        shutil.copyfile(path, copy)
    copy.chmod(0o600)
    return copy


def view(path: Path) -> str:
    """Hand the file to the desktop and say so.

    Raises:
        TemporaryError: if there is no desktop here.
    """
    opener = shutil.which("xdg-open") or shutil.which("open")
    if opener is None:
        raise TemporaryError(f"There is no viewer on this machine; the original is copied to {path}.")
    subprocess.Popen(  # noqa: S603
        [opener, os.fspath(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return f"opened {path}"
