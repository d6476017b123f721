"""The inside of the sandbox: limits itself, then reads the items it is told to, one JSON line each.

Run as ``python -m ingest.sandboxed FD``; FD is the pipe for answers.
"""

import ctypes
import json
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import Any

from ingest.readers.base import ReaderSettings
from ingest.reading import context_for, read
from models.errors import ConfigError, ItemError
from models.message import Channel, Original
from models.serial import message_to_json, page_to_json

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_MAX_FILE = 512 * 2**20


def main(answers: int) -> None:
    """Answer requests until stdin ends."""
    settings = ReaderSettings.model_validate_json(sys.stdin.readline())
    limit(settings.limits.memory_mb)
    for line in sys.stdin:
        request = json.loads(line)
        answer(answers, handle(request, settings, answers))


def limit(memory_mb: int) -> None:
    """Give up what a reader does not need: memory beyond the limit, core files, privileges, the network."""
    memory = memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE, _MAX_FILE))
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_PDEATHSIG, 9)
    library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Refused on some systems (containers, hardened kernels); the readers do not use the network in any case.
    library.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def handle(request: dict[str, Any], settings: ReaderSettings, answers: int) -> dict[str, Any]:
    """Read one item; whatever goes wrong is an answer, too."""
    original = Original(request["sha256"], Channel(request["channel"]), request["name"])
    context = context_for(
        settings,
        expect_pages=lambda count: answer(answers, {"pages": count}),
        page_read=lambda page: answer(answers, {"page": page_to_json(page)}),
    )
    try:
        return {"message": message_to_json(read(Path(request["path"]).read_bytes(), original, context))}
    except ItemError as error:
        return {"error": error.reason, "sentence": str(error), "detail": error.detail}
    except ConfigError as error:
        return {"config": str(error)}
    except MemoryError:
        return {
            "error": "memory",
            "sentence": f"Reading needed more than limits.memory_mb = {settings.limits.memory_mb}.",
            "detail": traceback.format_exc(limit=5),
        }
    except RecursionError:
        return {
            "error": "damaged",
            "sentence": "The file is nested too deeply.",
            "detail": traceback.format_exc(limit=5),
        }
    except Exception as error:  # noqa: BLE001 - a bug in a reader is about this item, never about the run
        sentence = f"The reader failed: {type(error).__name__}: {error}"
        return {"error": "bug", "sentence": sentence, "detail": traceback.format_exc()}


def answer(answers: int, value: dict[str, Any]) -> None:
    """Write one line to the parent."""
    data = memoryview(json.dumps(value).encode("ascii") + b"\n")
    while data:
        data = data[os.write(answers, data) :]


if __name__ == "__main__":
    main(int(sys.argv[1]))
