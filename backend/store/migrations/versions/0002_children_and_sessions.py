"""Migration: children, story sessions, and runs that are parts of a series."""

import sqlalchemy as sa
from alembic import op

from backend.store.migrations.columns import INTEGER_64

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEPT = sa.text("status IN ('running', 'waiting', 'completed')")


def upgrade() -> None:
    """Applies the migration."""
    op.add_column("runs", sa.Column("series", sa.String(26)))
    op.add_column("runs", sa.Column("part", INTEGER_64))
    op.create_index(
        "uq_runs_part",
        "runs",
        ["owner", "series", "part"],
        unique=True,
        sqlite_where=_KEPT,
        postgresql_where=_KEPT,
    )
    op.create_table(
        "children",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.Column("created_at", INTEGER_64, nullable=False),
        sa.Column("updated_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_children"),
    )
    op.create_index("ix_children_owner_id", "children", ["owner", "id"])
    op.create_table(
        "story_sessions",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("child_id", sa.String(26)),
        sa.Column("reader", sa.JSON()),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("title", sa.String()),
        sa.Column("planned_chapters", INTEGER_64, nullable=False),
        sa.Column("bookmark_chapter", INTEGER_64, nullable=False),
        sa.Column("bookmark_section", INTEGER_64, nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("created_at", INTEGER_64, nullable=False),
        sa.Column("updated_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_story_sessions"),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_story_sessions_child_id_children", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_story_sessions_owner_id", "story_sessions", ["owner", "id"])
    op.create_index("ix_story_sessions_child_id", "story_sessions", ["child_id"])
    op.create_table(
        "reading_days",
        sa.Column("session_id", sa.String(26), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("minutes", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "day", name="pk_reading_days"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["story_sessions.id"],
            name="fk_reading_days_session_id_story_sessions",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    """Reverts the migration."""
    for table in ("reading_days", "story_sessions", "children"):
        op.drop_table(table)
    op.drop_index("uq_runs_part", "runs")
    for column in ("part", "series"):
        op.drop_column("runs", column)
