"""Brings a database to the newest revision, from the package's own files: no alembic.ini anywhere."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text

from models.errors import ConfigError

_LOCK = 0x706F7374
"""Number of the advisory lock that lets one process migrate at a time."""

COMPARED_WITHOUT = "trigram"
"""The search index: its tables differ between the databases and are not in the metadata."""


def upgrade(connection: Connection) -> None:
    """Apply what is missing, inside the connection's transaction: all of it or nothing.

    Raises:
        ConfigError: if the database was written by a newer version.
    """
    # SQLite needs no lock besides BEGIN IMMEDIATE.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    try:
        command.upgrade(configuration(connection), "head")
    except CommandError as error:
        raise ConfigError(f"The database cannot be migrated: {error}. It was written by a newer version.") from error


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the package's own scripts, on the given connection."""
    settings = Config()
    # A percent sign in the path would be read as an interpolation.
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


def belongs_to_metadata(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
    """Whether autogenerate has to look at this object."""
    return not (kind == "table" and (name or "").startswith(COMPARED_WITHOUT))
