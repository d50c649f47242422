"""Migration: the place in a text where its owner stopped reading."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INSTANT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Applies the migration."""
    op.create_table(
        "reading_places",
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("section", sa.Integer(), nullable=False),
        sa.Column("paragraph", sa.Integer(), nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_reading_places"),
        sa.ForeignKeyConstraint(
            ["owner", "run_id"],
            ["runs.owner", "runs.id"],
            name="fk_reading_places_owner_runs",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
    )
    op.create_index("ix_reading_places_owner", "reading_places", ["owner"])


def downgrade() -> None:
    """Reverts the migration."""
    op.drop_table("reading_places")
