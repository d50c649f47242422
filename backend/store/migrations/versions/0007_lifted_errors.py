"""Which error in its log a run's last resume lifted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies it."""
    op.add_column("runs", sa.Column("lifted_seq", sa.Integer()))


def downgrade() -> None:
    """Takes it back."""
    op.drop_column("runs", "lifted_seq")
