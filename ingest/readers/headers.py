"""The header block of a mail, read whatever it looks like: RFC 5322 and 2047 as they are really written."""

from dataclasses import dataclass

from models.message import Address


@dataclass(frozen=True, slots=True)
class Field:
    """One header field as it stands in the mail."""

    name: str
    """Lower case."""
    raw: bytes
    """The value, still folded and encoded."""


@dataclass(frozen=True, slots=True)
class Headers:
    """The header fields of a mail; whatever is asked of them never raises."""

    fields: tuple[Field, ...]
    content_type: str = "text/plain"
    """Media type of the root, lower case."""
    report_type: str = ""
    """The parameter of multipart/report (RFC 6522), lower case."""
    parts: tuple[str, ...] = ()
    """Media types of all parts, depth first, lower case."""

    def get(self, name: str) -> str:
        """The first field of this name, decoded and unfolded; empty if there is none."""
        raise NotImplementedError

    def all(self, name: str) -> list[str]:
        """Every field of this name, decoded and unfolded, from the top."""
        raise NotImplementedError

    def address(self, name: str) -> Address | None:
        """The first address of the first field of this name that has one."""
        raise NotImplementedError

    def addresses(self, name: str) -> tuple[Address, ...]:
        """All addresses of all fields of this name."""
        raise NotImplementedError


def parse_headers(block: bytes) -> Headers:
    """Headers from bare bytes, for tests: ``parse_headers(b"Subject: Hallo\\n")``."""
    raise NotImplementedError
