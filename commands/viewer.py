"""Shows an original in the desktop's own viewer."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from commands.state import State
from commands.wiring import build_archive
from models.errors import NotFoundError, TemporaryError

_SUFFIXES = {
    "message/rfc822": ".eml",
    "application/pdf": ".pdf",
    "image/tiff": ".tif",
    "image/png": ".png",
    "image/jpeg": ".jpg",
}


def original_of(state: State, number: int, entry: int) -> Path:
    """A copy of the original of a ticket's message under a name that viewers know, readable by its owner only.

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
    folder = Path(tempfile.mkdtemp(prefix="posteingang-"))
    copy = folder / f"ticket-{number}-{entry}{suffix}"
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
