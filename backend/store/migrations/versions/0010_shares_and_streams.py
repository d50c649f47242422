"""Migration: share links end, the streams that accounts read are known to all processes, and it is kept when a parent
consented to a child's data."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_INSTANT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Applies the migration."""
    op.add_column("children", sa.Column("consent_at", _INSTANT))
    op.add_column("shares", sa.Column("expires_at", _INSTANT))
    op.create_index("ix_shares_owner", "shares", ["owner"])
    op.create_table(
        "open_streams",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("seen_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_open_streams"),
        sa.ForeignKeyConstraint(
            ["owner"], ["accounts.id"], name="fk_open_streams_owner_accounts", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_open_streams_owner", "open_streams", ["owner"])


def downgrade() -> None:
    """Reverts the migration."""
    op.drop_table("open_streams")
    op.drop_index("ix_shares_owner", "shares")
    op.drop_column("shares", "expires_at")
    op.drop_column("children", "consent_at")
