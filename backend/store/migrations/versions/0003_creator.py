"""Migration: personas, versions of a run, share links."""

import sqlalchemy as sa
from alembic import op

from backend.store.migrations.columns import INTEGER_64

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the migration."""
    op.add_column("runs", sa.Column("root_run_id", sa.String(26)))
    op.add_column("runs", sa.Column("parent_run_id", sa.String(26)))
    op.add_column("runs", sa.Column("origin", sa.JSON()))
    op.add_column("runs", sa.Column("plan", sa.JSON()))
    op.create_index("ix_runs_owner_root_run_id", "runs", ["owner", "root_run_id"])
    op.create_table(
        "shares",
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_shares"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_shares_run_id_runs", ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash", name="uq_shares_token_hash"),
    )
    op.create_table(
        "personas",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("created_at", INTEGER_64, nullable=False),
        sa.Column("updated_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_personas"),
    )
    op.create_index("ix_personas_owner_id", "personas", ["owner", "id"])
