"""What Alembic runs for every command; the connection comes from ``upgrade.py``."""

from alembic import context
from sqlmodel import SQLModel

import models.tables  # noqa: F401 - fills the metadata
from tickets.migrations.upgrade import belongs_to_metadata


def run() -> None:
    """Run the command's migrations on the connection."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=SQLModel.metadata,
        include_object=belongs_to_metadata,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


# Alembic fills its context only while a command runs; doctests import this module without one.
if hasattr(context, "config"):
    run()
