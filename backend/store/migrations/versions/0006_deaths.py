"""Migration: crash count of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the migration."""
    op.add_column("runs", sa.Column("deaths", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Reverts the migration."""
    op.drop_column("runs", "deaths")
