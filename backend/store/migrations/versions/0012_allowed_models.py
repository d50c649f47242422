"""Migration: accounts and API keys have allow-lists of models."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the migration."""
    op.add_column("accounts", sa.Column("models", sa.JSON()))
    op.add_column("api_keys", sa.Column("models", sa.JSON()))


def downgrade() -> None:
    """Reverts the migration."""
    op.drop_column("api_keys", "models")
    op.drop_column("accounts", "models")
