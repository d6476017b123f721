"""What Alembic runs for every command; the connection comes from ``upgrade.py``."""

from alembic import context
from sqlmodel import SQLModel

import models.tables  # noqa: F401 - fills the metadata
from tickets.migrations.upgrade import belongs_to_metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_object=belongs_to_metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
