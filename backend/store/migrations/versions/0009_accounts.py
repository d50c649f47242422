"""Accounts, and what lets somebody in as one."""

import sqlalchemy as sa
from alembic import op

from backend.store.migrations.columns import INTEGER_64

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = (
    "accounts",
    "identities",
    "login_sessions",
    "refresh_tokens",
    "api_keys",
    "one_time_tokens",
    "stream_tickets",
    "attempts",
    "security_events",
)


def _owner(table: str, nullable: bool = False) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    key = sa.ForeignKeyConstraint(
        ["owner"], ["accounts.id"], name=f"fk_{table}_owner_accounts", ondelete="CASCADE"
    )
    return sa.Column("owner", sa.String(64), nullable=nullable), key


def upgrade() -> None:
    """Applies it."""
    _add_accounts()
    _add_logins()
    _add_other_credentials()
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("bucket", sa.LargeBinary(32), nullable=False),
        sa.Column("at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_bucket_at", "attempts", ["bucket", "at"])
    op.create_table(
        "security_events",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("at", INTEGER_64, nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_security_events"),
    )
    op.create_index("ix_security_events_owner_at", "security_events", ["owner", "at"])


def _add_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("email_verified_at", INTEGER_64),
        sa.Column("runs_at_once", sa.Integer()),
        sa.Column("runs_a_day", sa.Integer()),
        sa.Column("usd_a_month", sa.Float()),
        sa.Column("created_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("email", name="uq_accounts_email"),
    )
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        *_owner("identities"),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
    )
    op.create_index("ix_identities_owner", "identities", ["owner"])


def _add_logins() -> None:
    op.create_table(
        "login_sessions",
        sa.Column("id", sa.String(26), nullable=False),
        *_owner("login_sessions"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32)),
        sa.Column("client", sa.String(200), nullable=False),
        sa.Column("created_at", INTEGER_64, nullable=False),
        sa.Column("used_at", INTEGER_64, nullable=False),
        sa.Column("expires_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_login_sessions_token_hash"),
    )
    op.create_index("ix_login_sessions_owner", "login_sessions", ["owner"])
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("session_id", sa.String(26), nullable=False),
        *_owner("refresh_tokens"),
        sa.Column("used_at", INTEGER_64),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["login_sessions.id"],
            name="fk_refresh_tokens_session_id_login_sessions",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    op.create_index("ix_refresh_tokens_owner", "refresh_tokens", ["owner"])


def _add_other_credentials() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(26), nullable=False),
        *_owner("api_keys"),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("hint", sa.String(16), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", INTEGER_64, nullable=False),
        sa.Column("used_at", INTEGER_64),
        sa.Column("expires_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
    )
    op.create_index("ix_api_keys_owner", "api_keys", ["owner"])
    op.create_table(
        "one_time_tokens",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        *_owner("one_time_tokens", nullable=True),
        sa.Column("expires_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_one_time_tokens"),
    )
    op.create_index("ix_one_time_tokens_owner", "one_time_tokens", ["owner"])
    op.create_table(
        "stream_tickets",
        sa.Column("id", sa.String(26), nullable=False),
        *_owner("stream_tickets"),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("credential_kind", sa.String(16), nullable=False),
        sa.Column("credential_id", sa.String(26), nullable=False),
        sa.Column("format", sa.String(64)),
        sa.Column("request_hash", sa.String(64)),
        sa.Column("run_id", sa.String(26)),
        sa.Column("start_by", INTEGER_64, nullable=False),
        sa.Column("expires_at", INTEGER_64, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stream_tickets"),
        sa.UniqueConstraint("token_hash", name="uq_stream_tickets_token_hash"),
    )
    op.create_index("ix_stream_tickets_owner", "stream_tickets", ["owner"])


def downgrade() -> None:
    """Takes it back."""
    for table in reversed(_TABLES):
        op.drop_table(table)
