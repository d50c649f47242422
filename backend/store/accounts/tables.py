"""The tables of accounts and credentials, as they are after the last migration.

Of a secret only its hash is kept. What belongs to an account goes with it.
"""

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table

from backend.store.schema.columns import Instant
from backend.store.schema.tables import metadata, of_owner

ID = String(26)
HASH = LargeBinary(32)


def _models() -> Column[list[str] | None]:
    """Patterns of models; null: no allow-list."""
    return Column("models", JSON(none_as_null=True))


def _owner() -> Column[str]:
    return Column("owner", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False)


# Its id is the owner of everything else. `email` is null for an account of another issuer that has none.
accounts = Table(
    "accounts",
    metadata,
    Column("id", ID, primary_key=True),
    Column("email", String(254), unique=True),
    Column("password_hash", String(255)),
    Column("role", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("email_verified_at", Instant),
    Column("runs_at_once", Integer),
    Column("runs_a_day", Integer),
    Column("usd_a_month", Float),
    _models(),
    Column("created_at", Instant, nullable=False),
    Column("runs_a_month", Integer),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    _owner(),
    Index("ix_identities_owner", "owner"),
)

# `kind`: browser, whose token is a cookie; app, which is given access tokens for refresh tokens.
login_sessions = Table(
    "login_sessions",
    metadata,
    Column("id", ID, primary_key=True),
    _owner(),
    Column("kind", String(16), nullable=False),
    Column("token_hash", HASH, unique=True),
    Column("client", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_login_sessions_owner_id", "owner", "id", unique=True),
)

# A used one is kept: it tells that somebody else has it too.
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", HASH, primary_key=True),
    Column("session_id", ID, nullable=False),
    _owner(),
    Column("used_at", Instant),
    of_owner("session_id", "login_sessions"),
    Index("ix_refresh_tokens_session_id", "session_id"),
    Index("ix_refresh_tokens_owner", "owner"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", ID, primary_key=True),
    _owner(),
    Column("name", String(80), nullable=False),
    Column("key_hash", HASH, nullable=False, unique=True),
    Column("hint", String(16), nullable=False),
    Column("scopes", JSON, nullable=False),
    _models(),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("expires_at", Instant, nullable=False),
    Column("runs_at_once", Integer),
    Column("runs_a_day", Integer),
    Column("runs_a_month", Integer),
    Column("usd_a_month", Float),
    Index("ix_api_keys_owner", "owner"),
)

# The part of the ledger that says which keys had a run written. No key to the runs, nor to the keys: what was bought
# counts, whatever becomes of either.
key_charges = Table(
    "key_charges",
    metadata,
    Column("run_id", ID, primary_key=True),
    Column("key_id", ID, primary_key=True),
    _owner(),
    Column("charged_at", Instant, nullable=False),
    Index("ix_key_charges_owner_key_id_charged_at", "owner", "key_id", "charged_at"),
)

# What deleted accounts have used this month. `bucket` is a hash of the address or identity, by which the next account
# of the same one is found.
former_use = Table(
    "former_use",
    metadata,
    Column("bucket", HASH, primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("format", String(64), primary_key=True),
    Column("runs", Integer, nullable=False),
    Column("cost_usd", Float, nullable=False),
)

# `purpose`: verify or reset an account's address or password, or invite somebody who has no account yet.
one_time_tokens = Table(
    "one_time_tokens",
    metadata,
    Column("token_hash", HASH, primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("owner", String(64), ForeignKey("accounts.id", ondelete="CASCADE")),
    Column("expires_at", Instant, nullable=False),
    Index("ix_one_time_tokens_owner", "owner"),
)

# `credential_kind` and `credential_id` are of what the ticket was asked for with: it ends with that.
stream_tickets = Table(
    "stream_tickets",
    metadata,
    Column("id", ID, primary_key=True),
    _owner(),
    Column("token_hash", HASH, nullable=False, unique=True),
    Column("credential_kind", String(16), nullable=False),
    Column("credential_id", ID, nullable=False),
    Column("format", String(64)),
    Column("request_hash", String(64)),
    Column("run_id", String(26)),
    Column("start_by", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_stream_tickets_owner", "owner"),
)

# Streams that are being read, counted over all processes; `seen_at` is of whoever serves it.
open_streams = Table(
    "open_streams",
    metadata,
    Column("id", ID, primary_key=True),
    _owner(),
    Column("seen_at", Instant, nullable=False),
    Index("ix_open_streams_owner", "owner"),
)

# Who tried what how often: `bucket` is a hash of an account's address, or of a network address.
attempts = Table(
    "attempts",
    metadata,
    Column("id", ID, primary_key=True),
    Column("bucket", HASH, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_attempts_bucket_at", "bucket", "at"),
)

# No key to the accounts: that one was deleted stays known, and not whose it was.
security_events = Table(
    "security_events",
    metadata,
    Column("id", ID, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("owner", String(64)),
    Column("kind", String(32), nullable=False),
    Column("subject", String(64)),
    Column("actor", String(64)),
    Index("ix_security_events_owner_at", "owner", "at"),
)
