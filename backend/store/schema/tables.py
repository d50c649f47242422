"""Tables of the service, as of the last migration. Those of extensions are in their own modules (`schema.py`)."""

from typing import get_args

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from backend.store.schema.columns import GivenInteger, GivenJson, Instant, OwnJson, TokenCount
from backend.store.schema.run_values import ModelColumn, RunOptions, StatusColumn, VersionOrigin
from backend.store.schema.transitions import OCCUPYING, Status
from workflows.messages.messages import OutlinePlanned, RunCompleted, RunFailed
from workflows.versions import VersionPlan

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def of_owner(column: str, parent: str) -> ForeignKeyConstraint:
    """A row that belongs to another one has the same owner, also when that one is given to another owner."""
    return ForeignKeyConstraint(
        ["owner", column], [f"{parent}.owner", f"{parent}.id"], ondelete="CASCADE", onupdate="CASCADE"
    )


# A failed or cancelled run leaves its place in a series to the next try.
_KEPT = text(f"status IN ({', '.join(repr(each) for each in get_args(Status) if each in OCCUPYING)})")

runs = Table(
    "runs",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("format", String(64), nullable=False),
    Column("status", StatusColumn, nullable=False),
    Column("model", String(128), nullable=False),
    Column("input", GivenJson("input"), nullable=False),
    Column("options", ModelColumn(RunOptions, RunOptions), nullable=False),
    Column("title", String),
    Column("words", Integer, nullable=False, default=0),
    Column("section_count", Integer),
    Column("result", ModelColumn(RunCompleted)),
    Column("error", ModelColumn(RunFailed)),
    Column("answer", ModelColumn(OutlinePlanned)),
    Column("process", String(26)),
    Column("stop_requested", Boolean, nullable=False, default=False),
    Column("crash_count", Integer, nullable=False, default=0, server_default="0"),
    Column("superseded_error_seq", Integer),
    Column("reader_beats", Integer, nullable=False, default=0, server_default="0"),
    Column("idempotency_key", String(255)),
    Column("request_hash", String(64)),
    Column("series", String(26)),
    Column("part", GivenInteger("chapter_number")),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("root_run_id", String(26)),
    Column("parent_run_id", String(26)),
    Column("origin", ModelColumn(VersionOrigin)),
    Column("plan", ModelColumn(VersionPlan)),
    Column("cache_key", String(64)),
    Column("source_run_id", String(26)),
    Column("key_id", String(26)),
    UniqueConstraint("owner", "idempotency_key"),
    Index("ix_runs_owner_id", "owner", "id", unique=True),
    Index("ix_runs_owner_root_run_id", "owner", "root_run_id"),
    Index("ix_runs_status", "status"),
    Index("ix_runs_owner_cache_key", "owner", "cache_key"),
    Index(
        "uq_runs_part",
        "owner",
        "series",
        "part",
        unique=True,
        sqlite_where=_KEPT,
        postgresql_where=_KEPT,
    ),
)

# No key to the runs: what was spent stays spent when a run is deleted.
usage = Table(
    "usage",
    metadata,
    Column("run_id", String(26), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("role", String(32), primary_key=True),
    Column("model", String(128), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("format", String(64), nullable=False),
    Column("input_tokens", TokenCount, nullable=False),
    Column("output_tokens", TokenCount, nullable=False),
    Column("cost_usd", Float),
    Column("estimated", Boolean, nullable=False),
    Index("ix_usage_owner_day", "owner", "day"),
)

# No key to the runs here either: what was bought counts, whatever becomes of the run.
quota_charges = Table(
    "quota_charges",
    metadata,
    Column("run_id", String(26), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("format", String(64), nullable=False),
    Column("charged_at", Instant, nullable=False),
    Index("ix_quota_charges_owner_format", "owner", "format", "charged_at"),
)

cached_results = Table(
    "cached_results",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("run_id", String(26), nullable=False),
    Column("created_at", Instant, nullable=False),
    of_owner("run_id", "runs"),
    Index("ix_cached_results_run_id", "run_id"),
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
    Column("run_id", String(26), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("type", String(16), nullable=False),
    Column("data", LargeBinary, nullable=False),
    # Elsewhere it costs a third of the database's time: each entry locks its run's row. `delete_runs` needs none.
    ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE").ddl_if(dialect="sqlite"),
    sqlite_with_rowid=False,
)

log_archives = Table(
    "log_archives",
    metadata,
    Column("run_id", String(26), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("last_seq", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# A thread outlives its runs: the places of those that were deleted aren't given again.
threads = Table(
    "threads",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("last_ordinal", Integer, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("title", String, nullable=False),
    Column("filename", String, nullable=False),
    Column("media_type", String(128), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("words", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("language", String(16)),
    Column("warnings", OwnJson, nullable=False),
    Column("created_at", Instant, nullable=False),
    # Last: SQLite reads the columns before it without the long text.
    Column("text", Text, nullable=False),
    Index("ix_documents_owner_id", "owner", "id"),
)

reading_places = Table(
    "reading_places",
    metadata,
    Column("run_id", String(26), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("section", Integer, nullable=False),
    Column("paragraph", Integer, nullable=False),
    Column("updated_at", Instant, nullable=False),
    of_owner("run_id", "runs"),
    Index("ix_reading_places_owner", "owner"),
)

shares = Table(
    "shares",
    metadata,
    Column("run_id", String(26), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    of_owner("run_id", "runs"),
    Index("ix_shares_owner", "owner"),
)
