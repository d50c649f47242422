"""Migration: how many runs were started in each thread, those included that are deleted."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KEY = re.compile(r"thread:([0-9a-f]{32}):([0-9]{6,9}):[0-9a-f]{32}:.*", re.DOTALL)


def upgrade() -> None:
    """Applies the migration."""
    op.create_table(
        "threads",
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("last_ordinal", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name="pk_threads"),
    )
    rows = [
        {"owner": owner, "name": name, "last_ordinal": ordinal}
        for (owner, name), ordinal in _last_ordinals().items()
    ]
    if rows:
        op.bulk_insert(sa.table("threads", *map(sa.column, rows[0])), rows)


def downgrade() -> None:
    """Reverts the migration."""
    op.drop_table("threads")


def _last_ordinals() -> dict[tuple[str, str], int]:
    """Of the threads that have runs, by owner and name."""
    keys = sa.text("SELECT owner, idempotency_key FROM runs WHERE idempotency_key LIKE 'thread:%'")
    found: dict[tuple[str, str], int] = {}
    for owner, key in op.get_bind().execute(keys):
        if parts := _KEY.fullmatch(key):
            thread = owner, parts[1]
            found[thread] = max(found.get(thread, 0), int(parts[2]))
    return found
