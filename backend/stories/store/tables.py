"""Tables of the story extension, as of the last migration."""

from sqlalchemy import Column, Date, Float, Index, String, Table

from backend.store.schema.columns import GivenInteger, GivenJson, Instant
from backend.store.schema.tables import metadata, of_owner

children = Table(
    "children",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("profile", GivenJson("profile"), nullable=False),
    Column("consent_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_children_owner_id", "owner", "id", unique=True),
)

story_sessions = Table(
    "story_sessions",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("child_id", String(26)),
    Column("reader", GivenJson("reader", none_as_null=True)),
    Column("theme", String, nullable=False),
    Column("title", String),
    Column("planned_chapters", GivenInteger("planned_chapters"), nullable=False),
    Column("bookmark_chapter", GivenInteger("chapter_number"), nullable=False),
    Column("bookmark_section", GivenInteger("section"), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    of_owner("child_id", "children"),
    Index("ix_story_sessions_owner_id", "owner", "id", unique=True),
    Index("ix_story_sessions_child_id", "child_id"),
)

reading_days = Table(
    "reading_days",
    metadata,
    Column("session_id", String(26), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("minutes", Float, nullable=False),
    of_owner("session_id", "story_sessions"),
)
