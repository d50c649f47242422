"""Migration: documents."""

import sqlalchemy as sa
from alembic import op

from backend.store.migrations.columns import INTEGER_64

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the migration."""
    op.create_table(
        "documents",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(128), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("created_at", INTEGER_64, nullable=False),
        # Last: SQLite reads the columns before it without the long text.
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
    )
    op.create_index("ix_documents_owner_id", "documents", ["owner", "id"])


def downgrade() -> None:
    """Reverts the migration."""
    op.drop_table("documents")
