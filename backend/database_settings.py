"""Settings of the database, and of where runs execute, which follows from it. Read as part of `Settings`."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

_SERVER_URLS = ("postgresql://", "postgres://", "postgresql+psycopg://")
_EXTRA = ("psycopg", "psycopg_pool", "procrastinate", "langgraph.checkpoint.postgres")


class DatabaseSettings(BaseModel):
    """Settings of the database: a SQLite file, or PostgreSQL with workers."""

    database_url: str | None = Field(
        None,
        description="The database: sqlite:///path/to/file.db, where runs execute in the service, or "
        "postgresql://user:password@host/name, where they execute on workers; a SQLite file in the data directory by "
        "default",
    )
    database_url_file: Path | None = Field(
        None, description="File that holds STORYWIRE_DATABASE_URL in its place"
    )
    execution: Literal["inline", "queue"] | None = Field(
        None,
        description="Where runs execute: inline, in this process, with SQLite; queue, on workers, with PostgreSQL; by "
        "default as the database says",
    )
    lease_seconds: float = Field(
        10,
        ge=2,
        le=300,
        description="Seconds without a heartbeat after which a worker counts as dead, and its runs go on elsewhere, "
        "with PostgreSQL; who starts later goes by that of those that are there",
    )

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, url: str | None) -> str | None:
        if url is None or url.startswith(_SERVER_URLS):
            return url
        if not url.startswith("sqlite:///") or url in ("sqlite:///", "sqlite:///:memory:"):
            raise ValueError(
                "a SQLite file is expected, sqlite:///path/to/file.db, or a PostgreSQL database, "
                "postgresql://user:password@host/name"
            )
        return url

    @model_validator(mode="after")
    def _check_execution(self) -> Self:
        kind = "queue" if self.has_queue else "inline"
        if self.execution not in (None, kind):
            database, where = (
                ("PostgreSQL", "on workers") if self.has_queue else ("SQLite", "in the service itself")
            )
            raise ValueError(
                f"STORYWIRE_EXECUTION={self.execution} doesn't go with STORYWIRE_DATABASE_URL, which names {database}: "
                f"with it runs execute {where}. Leave STORYWIRE_EXECUTION out, or name another database"
            )
        if self.has_queue and not all(map(is_installed, _EXTRA)):
            raise ValueError(
                "STORYWIRE_DATABASE_URL: PostgreSQL needs the extra `scale`, which is not installed: in the checkout, "
                ".venv/bin/python -m pip install --require-hashes --no-deps -r requirements/scale.lock"
            )
        return self

    @property
    def has_queue(self) -> bool:
        """Whether runs execute on workers, which share a PostgreSQL database with the service."""
        return self.database_url is not None and self.database_url.startswith(_SERVER_URLS)


def is_installed(module: str) -> bool:
    """Whether a module can be imported."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
