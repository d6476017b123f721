"""A house with a scan folder, and its command line, run as a person or cron runs it."""

import contextlib
import copy
import io
import os
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import cli
from commands.state import State

MAIL = (
    b"From: Erika Muster <erika@example.org>\r\nSubject: %s\r\n\r\nWir ziehen am 1. Mai aus der Lindenstrasse aus.\r\n"
)
GAS = b"From: Jan Wolf <jan@example.org>\r\nSubject: Hilfe\r\n\r\nEs riecht im Haus stark nach Gas, bitte kommen!\r\n"


ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


class House:
    """An installation in a folder of its own; its scans may be mails, which are quick to read."""

    def __init__(self, folder: Path, database: str = "", more: str = "") -> None:
        self.folder = folder
        self.scans = folder / "scans"
        self.scans.mkdir(parents=True)
        self.data = folder / "data"
        self.data.mkdir(mode=0o700)
        self.config = folder / "posteingang.toml"
        self.config.write_text(
            f"""
data = "data"
{f'database = "{database}"' if database else ""}
[classifier]
model = "none"
[sources.scanner]
kind = "folder"
path = "scans"
settle_seconds = 0
patterns = ["*"]
{more}
""",
            "utf-8",
        )

    def copy(self, folder: Path) -> "House":
        """The same house elsewhere."""
        shutil.copytree(self.folder, folder)
        twin = copy.copy(self)
        twin.folder, twin.config = folder, folder / self.config.name
        twin.scans, twin.data = folder / "scans", folder / "data"
        return twin

    @property
    def state(self) -> State:
        """What commands start from."""
        return State(self.config)

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Done:
        """Run a command in this process."""
        return posteingang("--config", self.config, *arguments, stdin=stdin)

    def environment(self, **more: str) -> dict[str, str]:
        """For a command in a process of its own."""
        return {**os.environ, "POSTEINGANG_CONFIG": str(self.config), "PYTHONPATH": str(ROOT), **more}


def posteingang(*arguments: str | Path, stdin: bytes = b"") -> Done:
    """Run a command in this process, errors and exit codes included."""
    out, err, before = _stream(), _stream(), (sys.argv, sys.stdin)
    sys.argv, sys.stdin = ["posteingang", *map(str, arguments)], io.TextIOWrapper(io.BytesIO(stdin))
    code = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv, sys.stdin = before
    return Done(code, _content(out), _content(err))


def in_own_process(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *map(str, arguments)],
        capture_output=True,
        check=False,
        **{"timeout": 120, **options},
    )


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)


def _content(stream: io.TextIOWrapper) -> str:
    buffer = stream.detach()
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")


EVERY_BYTE = (
    b"From: Erika Muster <erika@example.org>\r\nSubject: Abschlag\r\nX-Odd: "
    + bytes(value for value in range(256) if value not in b"\r\n")
    + b"\r\n\r\nBitte senken Sie den Abschlag. "
    + bytes(range(256))
    + b" Danke.\r\n"
)
"""A mail with every byte value, in a header field and in its body."""


def unreadable() -> dict[str, tuple[bytes, str]]:
    """Files that cannot be read, by name, with the reason for which they have to be set aside."""
    return {
        "leer.pdf": (b"", "empty"),
        "ohne-seiten.pdf": (_NO_PAGES, "empty"),
        "riesig.png": (_huge_png(20_000), "too_large"),
        "verschluesselt.pdf": (_locked_pdf(), "encrypted"),
        "halbes-archiv.pdf": (zipped()[:-30], "damaged"),
        "rauschen.tif": (bytes(range(1, 256)) * 4, "unsupported"),
    }


_NO_PAGES = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def _huge_png(side: int) -> bytes:
    """A white square of so many pixels, one bit each; a few kilobytes as a file."""
    pack = zlib.compressobj(1)
    rows = b"".join(pack.compress(bytes(1 + side // 8)) for _ in range(side)) + pack.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _locked_pdf() -> bytes:
    letters = files("ingest.demo").joinpath("letters")
    return next(letter.read_bytes() for letter in letters.iterdir() if letter.name.endswith("verschluesselt.pdf"))


def zipped() -> bytes:
    """A zip with a text in it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("brief.txt", "Guten Tag")
    return content.getvalue()
