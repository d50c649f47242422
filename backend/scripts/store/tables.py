"""Tables of the creator script extension, as of the last migration."""

from sqlalchemy import Column, Index, String, Table

from backend.store.schema.columns import GivenJson, Instant
from backend.store.schema.tables import metadata

personas = Table(
    "personas",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", String(80), nullable=False),
    Column("data", GivenJson("data"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_personas_owner_id", "owner", "id"),
)
