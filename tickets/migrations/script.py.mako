"""${message}

Revision ${up_revision}, after ${down_revision | comma,n}, of ${create_date}.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Expand first, contract in a later release: workers of the previous version may still run."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    raise NotImplementedError("Restore the backup taken before the upgrade.")
