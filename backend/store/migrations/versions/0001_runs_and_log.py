"""Migration: runs and their log."""

import sqlalchemy as sa
from alembic import op

from backend.store.migrations.columns import INTEGER_64

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the migration."""
    op.create_table(
        "runs",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("format", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("input", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("title", sa.String()),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.Column("error", sa.JSON()),
        sa.Column("answer", sa.JSON()),
        sa.Column("process", sa.String(26)),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("request_hash", sa.String(64)),
        sa.Column("created_at", INTEGER_64, nullable=False),
        sa.Column("finished_at", INTEGER_64),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("owner", "idempotency_key", name="uq_runs_owner"),
    )
    op.create_index("ix_runs_owner_id", "runs", ["owner", "id"])
    op.create_index("ix_runs_status", "runs", ["status"])
    op.create_table(
        "log_heads",
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_log_heads"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_log_heads_run_id_runs", ondelete="CASCADE"),
    )
    op.create_table(
        "log_entries",
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_log_entries"),
        # Elsewhere it costs a third of the database's time: each entry locks its run's row.
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_log_entries_run_id_runs", ondelete="CASCADE"
        ).ddl_if(dialect="sqlite"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_archives",
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_log_archives"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_log_archives_run_id_runs", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    """Reverts the migration."""
    for table in ("log_archives", "log_entries", "log_heads", "runs"):
        op.drop_table(table)
