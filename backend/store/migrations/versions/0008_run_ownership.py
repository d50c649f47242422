"""Migration: clearer names for columns of runs, single flight, readers known to all processes, quota charges."""

import sqlalchemy as sa
from alembic import op

from backend.store.migrations.columns import INTEGER_64

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_CHARGE_WHAT_COUNTED = """
INSERT INTO quota_charges (run_id, owner, format, charged_at)
SELECT id, owner, format, created_at FROM runs
WHERE status <> 'failed' AND (status <> 'cancelled' OR words > 0)
AND coalesce(json_extract(result, '$.cached'), 0) = 0
"""
_COUNT_SECTIONS = """
UPDATE runs SET section_count = json_array_length(result, '$.sections')
WHERE result IS NOT NULL AND json_valid(result)
"""


def upgrade() -> None:
    """Applies the migration."""
    op.execute("ALTER TABLE runs RENAME COLUMN deaths TO crash_count")
    op.execute("ALTER TABLE runs RENAME COLUMN lifted_seq TO superseded_error_seq")
    op.add_column("runs", sa.Column("section_count", sa.Integer()))
    op.add_column("runs", sa.Column("cache_key", sa.String(64)))
    op.add_column("runs", sa.Column("source_run_id", sa.String(26)))
    op.add_column("runs", sa.Column("reader_beats", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_runs_owner_cache_key", "runs", ["owner", "cache_key"])
    op.create_table(
        "quota_charges",
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("format", sa.String(64), nullable=False),
        sa.Column("charged_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_quota_charges"),
    )
    op.create_index("ix_quota_charges_owner_format", "quota_charges", ["owner", "format", "charged_at"])
    if op.get_bind().dialect.name == "sqlite":  # the only one that has rows of an earlier version
        op.execute(_CHARGE_WHAT_COUNTED)
        op.execute(_COUNT_SECTIONS)


def downgrade() -> None:
    """Reverts the migration."""
    op.drop_table("quota_charges")
    op.drop_index("ix_runs_owner_cache_key", "runs")
    for column in ("reader_beats", "source_run_id", "cache_key", "section_count"):
        op.drop_column("runs", column)
    op.execute("ALTER TABLE runs RENAME COLUMN superseded_error_seq TO lifted_seq")
    op.execute("ALTER TABLE runs RENAME COLUMN crash_count TO deaths")
