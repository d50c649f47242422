"""Migration: the logged error that a run's last resume lifted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the migration."""
    op.add_column("runs", sa.Column("lifted_seq", sa.Integer()))


def downgrade() -> None:
    """Reverts the migration."""
    op.drop_column("runs", "lifted_seq")
