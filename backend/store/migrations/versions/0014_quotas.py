"""Migration: runs a month of an account, limits and charges of API keys, what deleted accounts have used this month;
and a refresh token has the owner of its session.

SQLite can't change a table's keys, so the table of refresh tokens is made anew there; nothing refers to it.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from backend.store.migrations.columns import INTEGER_64

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the migration."""
    op.add_column("accounts", sa.Column("runs_a_month", sa.Integer()))
    for name, kind in _limits():
        op.add_column("api_keys", sa.Column(name, kind))
    op.add_column("runs", sa.Column("key_id", sa.String(26)))
    op.create_table(
        "key_charges",
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("key_id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("charged_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key_id", name="pk_key_charges"),
        sa.ForeignKeyConstraint(
            ["owner"], ["accounts.id"], name="fk_key_charges_owner_accounts", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_key_charges_owner_key_id_charged_at", "key_charges", ["owner", "key_id", "charged_at"]
    )
    op.create_table(
        "former_use",
        sa.Column("bucket", sa.LargeBinary(32), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("format", sa.String(64), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "day", "format", name="pk_former_use"),
    )
    op.drop_index("ix_login_sessions_owner", "login_sessions")
    op.create_index("ix_login_sessions_owner_id", "login_sessions", ["owner", "id"], unique=True)
    _change_refresh_tokens(composite=True)


def downgrade() -> None:
    """Reverts the migration."""
    _change_refresh_tokens(composite=False)
    op.drop_index("ix_login_sessions_owner_id", "login_sessions")
    op.create_index("ix_login_sessions_owner", "login_sessions", ["owner"])
    op.drop_table("former_use")
    op.drop_table("key_charges")
    op.drop_column("runs", "key_id")
    for name, _ in _limits():
        op.drop_column("api_keys", name)
    op.drop_column("accounts", "runs_a_month")


def _limits() -> tuple[tuple[str, sa.types.TypeEngine[Any]], ...]:
    return (
        ("runs_at_once", sa.Integer()),
        ("runs_a_day", sa.Integer()),
        ("runs_a_month", sa.Integer()),
        ("usd_a_month", sa.Float()),
    )


def _change_refresh_tokens(*, composite: bool) -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(_name(composite=not composite), "refresh_tokens", type_="foreignkey")
        names, referred = (
            (["owner", "session_id"], ["owner", "id"]) if composite else (["session_id"], ["id"])
        )
        op.create_foreign_key(
            _name(composite=composite),
            "refresh_tokens",
            "login_sessions",
            names,
            referred,
            ondelete="CASCADE",
            onupdate="CASCADE" if composite else None,
        )
        return
    op.execute("CREATE TABLE refresh_tokens_aside AS SELECT * FROM refresh_tokens")
    op.drop_table("refresh_tokens")
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("session_id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("used_at", INTEGER_64),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
        sa.ForeignKeyConstraint(
            ["owner"], ["accounts.id"], name="fk_refresh_tokens_owner_accounts", ondelete="CASCADE"
        ),
        _foreign_key(composite=composite),
    )
    op.execute(
        "INSERT INTO refresh_tokens (token_hash, session_id, owner, used_at) "
        "SELECT token_hash, session_id, owner, used_at FROM refresh_tokens_aside"
    )
    op.drop_table("refresh_tokens_aside")
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    op.create_index("ix_refresh_tokens_owner", "refresh_tokens", ["owner"])


def _name(*, composite: bool) -> str:
    return f"fk_refresh_tokens_{'owner' if composite else 'session_id'}_login_sessions"


def _foreign_key(*, composite: bool) -> sa.ForeignKeyConstraint:
    if not composite:
        return sa.ForeignKeyConstraint(
            ["session_id"], ["login_sessions.id"], name=_name(composite=False), ondelete="CASCADE"
        )
    return sa.ForeignKeyConstraint(
        ["owner", "session_id"],
        ["login_sessions.owner", "login_sessions.id"],
        name=_name(composite=True),
        ondelete="CASCADE",
        onupdate="CASCADE",
    )
