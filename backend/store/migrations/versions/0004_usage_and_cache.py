"""Migration: usage of runs, and the result cache."""

import sqlalchemy as sa
from alembic import op

from backend.store.migrations.columns import INTEGER_64

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the migration."""
    op.create_table(
        "usage",
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("format", sa.String(64), nullable=False),
        sa.Column("input_tokens", INTEGER_64, nullable=False),
        sa.Column("output_tokens", INTEGER_64, nullable=False),
        sa.Column("cost_usd", sa.Float()),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "day", "role", "model", name="pk_usage"),
    )
    op.create_index("ix_usage_owner_day", "usage", ["owner", "day"])
    op.create_table(
        "cached_results",
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("created_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_cached_results"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_cached_results_run_id_runs", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_cached_results_run_id", "cached_results", ["run_id"])


def downgrade() -> None:
    """Reverts the migration."""
    op.drop_table("cached_results")
    op.drop_table("usage")
