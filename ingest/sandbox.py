"""Reads items in a child process, because a reader may hang, crash or eat all memory, and the run must go on.

The child (``ingest/sandboxed.py``) limits its own memory and file size before it parses anything; the parent holds
the clock and kills the whole process group. They speak JSON lines: requests on stdin, on a pipe of its own the
answers, so that nothing a library prints can be taken for one.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ingest.readers.base import ReaderSettings
from models.errors import ConfigError, ItemError
from models.message import Message, Original
from models.serial import message_from_json

READS_PER_CHILD = 500
"""A child is replaced after so many items: leaks of foreign libraries stay small."""


class Sandbox:
    """A reader in a child process that is started when first needed and again after every accident."""

    def __init__(self, settings: ReaderSettings, *, program: tuple[str, ...] = ("-m", "ingest.sandboxed")) -> None:
        """Prepare; nothing is started yet.

        Args:
            settings: what the readers are told, and the limits.
            program: arguments of the Python interpreter that name the child; tests have worse ones.
        """
        self.settings = settings
        self._program = program
        self._child: _Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, path: Path, original: Original) -> Message:
        """Read one file, within the limits of the settings.

        An accident (a crash, no memory) is tried once more in a fresh child: what a child did before must not
        decide about this item. A time-out is not, it would only cost its time again.

        Raises:
            ItemError: what the reader says, or ``timeout``, ``memory``, ``crashed``.
            ConfigError: if the configuration names an engine that is not there.
        """
        try:
            return self._read(path, original)
        except ItemError as error:
            if error.reason not in {"crashed", "memory"}:
                raise
        return self._read(path, original)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _read(self, path: Path, original: Original) -> Message:
        if self._child is None or self._child.reads >= READS_PER_CHILD:
            self.close()
            self._child = _Child(self.settings, self._program)
        try:
            return self._child.read(path, original)
        except ItemError as error:
            if error.reason in {"crashed", "memory", "timeout"}:
                self.close()
            raise


class _Child:
    """One child process and the conversation with it."""

    def __init__(self, settings: ReaderSettings, program: tuple[str, ...]) -> None:
        self.settings = settings
        self.reads = 0
        self._scratch = tempfile.TemporaryDirectory(prefix="posteingang-")
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        answers, answers_end = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, *program, str(answers_end)],
            stdin=subprocess.PIPE,
            stdout=self._errors,
            stderr=self._errors,
            pass_fds=(answers_end,),
            start_new_session=True,
            env=_environment(Path(self._scratch.name)),
        )
        os.close(answers_end)
        self._answers = answers
        os.set_blocking(answers, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(answers, selectors.EVENT_READ)
        self._buffer = bytearray()
        self._send(settings.model_dump(mode="json"))

    def read(self, path: Path, original: Original) -> Message:
        self.reads += 1
        limits = self.settings.limits
        # The first answer of a child includes its start; a machine that swaps must not fail healthy letters.
        deadline = time.monotonic() + limits.seconds + (10 if self.reads == 1 else 0)
        channel = original.channel.value
        self._send({"path": str(path), "sha256": original.sha256, "channel": channel, "name": original.name})
        while True:
            answer = self._receive(deadline)
            if "pages" in answer:
                deadline += answer["pages"] * limits.page_seconds
            elif "message" in answer:
                return message_from_json(answer["message"])
            elif "config" in answer:
                raise ConfigError(answer["config"])
            elif "error" in answer:
                raise ItemError(answer["error"], answer["sentence"], detail=answer["detail"])

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._selector.close()
        os.close(self._answers)
        self._errors.close()
        self._scratch.cleanup()

    def _send(self, request: dict[str, Any]) -> None:
        stream = self._process.stdin
        if stream is not None:
            # A child that is gone is noticed, with its last words, where its answer is awaited.
            with suppress(BrokenPipeError):
                stream.write(json.dumps(request).encode() + b"\n")
                stream.flush()

    def _receive(self, deadline: float) -> dict[str, Any]:
        """The next line of the child."""
        while (end := self._buffer.find(b"\n")) < 0:
            left = deadline - time.monotonic()
            if left <= 0 or not self._selector.select(left):
                raise ItemError(
                    "timeout",
                    "Reading took longer than the limit (limits.seconds and limits.page_seconds).",
                    detail=self._last_words(),
                )
            piece = os.read(self._answers, 1 << 20)
            if not piece:
                raise self._death()
            self._buffer += piece
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _death(self) -> ItemError:
        code = self._process.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return ItemError("crashed", f"The reader ended without an answer ({how}).", detail=self._last_words())

    def _last_words(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 4096))
        return self._errors.read().decode("utf-8", "replace")


def _environment(scratch: Path) -> dict[str, str]:
    """What the child may know: nothing of ours but where to find Python's packages and a folder of its own."""
    return {
        "PATH": os.defpath,
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
