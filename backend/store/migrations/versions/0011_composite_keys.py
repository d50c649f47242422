"""Migration: a row that belongs to another one belongs to the same owner: foreign keys of (owner, id).

SQLite can't change a table's keys, so these small tables are made anew. What refers to one of them is put aside first:
to drop a table there deletes its rows, with all that would go with them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_INSTANT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PARENTS = ("runs", "children", "story_sessions")
# (table, column, parent): its foreign key.
_KEYS = (
    ("story_sessions", "child_id", "children"),
    ("reading_days", "session_id", "story_sessions"),
    ("shares", "run_id", "runs"),
    ("cached_results", "run_id", "runs"),
)
_INDEXES = (
    ("story_sessions", "ix_story_sessions_child_id", ["child_id"]),
    ("shares", "ix_shares_owner", ["owner"]),
    ("cached_results", "ix_cached_results_run_id", ["run_id"]),
)


def upgrade() -> None:
    """Applies the migration."""
    _change(composite=True)


def downgrade() -> None:
    """Reverts the migration."""
    _change(composite=False)


def _change(*, composite: bool) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(composite=composite)
    else:
        _alter(composite=composite)


def _alter(*, composite: bool) -> None:
    if composite:
        _index_parents(unique=True)
    for table, column, parent in _KEYS:
        op.drop_constraint(_name(table, column, parent, composite=not composite), table, type_="foreignkey")
        names, referred = (["owner", column], ["owner", "id"]) if composite else ([column], ["id"])
        op.create_foreign_key(
            _name(table, column, parent, composite=composite),
            table,
            parent,
            names,
            referred,
            ondelete="CASCADE",
            onupdate="CASCADE" if composite else None,
        )
    if not composite:
        _index_parents(unique=False)


def _make_anew(*, composite: bool) -> None:
    tables = [table for table, _, _ in _KEYS]
    for table in reversed(tables):  # what refers to another one first
        op.execute(f"CREATE TABLE {table}_aside AS SELECT * FROM {table}")
        op.drop_table(table)
    for parent in _PARENTS:
        if parent not in tables:
            _index_parent(parent, unique=composite)
    for (table, column, parent), columns in zip(_KEYS, _columns(), strict=True):
        op.create_table(table, *columns, _foreign_key(table, column, parent, composite=composite))
        if table in _PARENTS:
            op.create_index(f"ix_{table}_owner_id", table, ["owner", "id"], unique=composite)
        names = ", ".join(each.name for each in columns if isinstance(each, sa.Column))
        op.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {table}_aside")
        op.drop_table(f"{table}_aside")
    for table, name, indexed in _INDEXES:
        op.create_index(name, table, indexed)


def _index_parents(*, unique: bool) -> None:
    for parent in _PARENTS:
        _index_parent(parent, unique=unique)


def _index_parent(parent: str, *, unique: bool) -> None:
    op.drop_index(f"ix_{parent}_owner_id", parent)
    op.create_index(f"ix_{parent}_owner_id", parent, ["owner", "id"], unique=unique)


def _name(table: str, column: str, parent: str, *, composite: bool) -> str:
    return f"fk_{table}_owner_{parent}" if composite else f"fk_{table}_{column}_{parent}"


def _foreign_key(table: str, column: str, parent: str, *, composite: bool) -> sa.ForeignKeyConstraint:
    name = _name(table, column, parent, composite=composite)
    if not composite:
        return sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=name, ondelete="CASCADE")
    return sa.ForeignKeyConstraint(
        ["owner", column],
        [f"{parent}.owner", f"{parent}.id"],
        name=name,
        ondelete="CASCADE",
        onupdate="CASCADE",
    )


def _columns() -> tuple[list[sa.Column | sa.Constraint], ...]:  # type: ignore[type-arg]
    """The columns of each table of `_KEYS`, with its other constraints."""
    owner = ("owner", sa.String(64))
    return (
        [
            sa.Column("id", sa.String(26), nullable=False),
            sa.Column(*owner, nullable=False),
            sa.Column("child_id", sa.String(26)),
            sa.Column("reader", sa.JSON()),
            sa.Column("theme", sa.String(), nullable=False),
            sa.Column("title", sa.String()),
            sa.Column("planned_chapters", _INSTANT, nullable=False),
            sa.Column("bookmark_chapter", _INSTANT, nullable=False),
            sa.Column("bookmark_section", _INSTANT, nullable=False),
            sa.Column("timezone", sa.String(64), nullable=False),
            sa.Column("created_at", _INSTANT, nullable=False),
            sa.Column("updated_at", _INSTANT, nullable=False),
            sa.PrimaryKeyConstraint("id", name="pk_story_sessions"),
        ],
        [
            sa.Column("session_id", sa.String(26), nullable=False),
            sa.Column("day", sa.Date(), nullable=False),
            sa.Column(*owner, nullable=False),
            sa.Column("minutes", sa.Float(), nullable=False),
            sa.PrimaryKeyConstraint("session_id", "day", name="pk_reading_days"),
        ],
        [
            sa.Column("run_id", sa.String(26), nullable=False),
            sa.Column(*owner, nullable=False),
            sa.Column("token_hash", sa.String(64), nullable=False),
            sa.Column("created_at", _INSTANT, nullable=False),
            sa.Column("expires_at", _INSTANT),
            sa.PrimaryKeyConstraint("run_id", name="pk_shares"),
            sa.UniqueConstraint("token_hash", name="uq_shares_token_hash"),
        ],
        [
            sa.Column(*owner, nullable=False),
            sa.Column("key", sa.String(64), nullable=False),
            sa.Column("run_id", sa.String(26), nullable=False),
            sa.Column("created_at", _INSTANT, nullable=False),
            sa.PrimaryKeyConstraint("owner", "key", name="pk_cached_results"),
        ],
    )
