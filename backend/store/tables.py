"""The tables, as they are after the last migration."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, kept as microseconds since 1970: SQLite has no type for it that keeps the zone."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        """datetime → microseconds."""
        del dialect
        return None if value is None else round(value.timestamp() * 1_000_000)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        """Microseconds → datetime in UTC."""
        del dialect
        return None if value is None else datetime.fromtimestamp(value / 1_000_000, UTC)


runs = Table(
    "runs",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("format", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("model", String(128), nullable=False),
    Column("input", JSON, nullable=False),
    Column("options", JSON, nullable=False),
    Column("title", String),
    Column("words", Integer, nullable=False, default=0),
    Column("result", JSON(none_as_null=True)),
    Column("error", JSON(none_as_null=True)),
    Column("answer", JSON(none_as_null=True)),
    Column("process", String(26)),
    Column("stop_requested", Boolean, nullable=False, default=False),
    Column("idempotency_key", String(255)),
    Column("request_hash", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("root_run_id", String(26)),
    Column("parent_run_id", String(26)),
    Column("origin", JSON(none_as_null=True)),
    Column("plan", JSON(none_as_null=True)),
    UniqueConstraint("owner", "idempotency_key"),
    Index("ix_runs_owner_id", "owner", "id"),
    Index("ix_runs_owner_root_run_id", "owner", "root_run_id"),
    Index("ix_runs_status", "status"),
)

log_heads = Table(
    "log_heads",
    metadata,
    Column("run_id", String(26), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, nullable=False),
)

log_entries = Table(
    "log_entries",
    metadata,
    Column("run_id", String(26), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("type", String(16), nullable=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

log_archives = Table(
    "log_archives",
    metadata,
    Column("run_id", String(26), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("last_seq", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

shares = Table(
    "shares",
    metadata,
    Column("run_id", String(26), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
)

personas = Table(
    "personas",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", String(80), nullable=False),
    Column("data", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_personas_owner_id", "owner", "id"),
)
