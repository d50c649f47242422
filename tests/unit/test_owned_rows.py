"""Rows that belong to another row: they have its owner, which the database itself sees to."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, insert, select, text
from sqlalchemy.exc import IntegrityError

from backend.store.accounts.belongings import BelongingsRepository, owned_tables
from backend.store.database import Database
from backend.store.migrating import upgrade
from backend.store.owner import LOCAL, Owner
from backend.store.schema import complete_metadata
from backend.store.tables import cached_results, reading_places, shares
from backend.stories.store.sessions import SessionRepository
from backend.stories.store.tables import children, reading_days, story_sessions
from tests.databases import ENGINES
from tests.unit.stored_runs import new_run

pytestmark = pytest.mark.engine(*ENGINES)

NOW = datetime.now(UTC)
MIGRATIONS = Path(__file__).parents[2] / "backend/store/migrations"


def row_of(table: Any, owner: str) -> dict[str, Any]:
    """A row of that owner's, which belongs to a row of `LOCAL`'s."""
    return {
        "story_sessions": {
            "id": "S2",
            "owner": owner,
            "child_id": "C1",
            "theme": "x",
            "planned_chapters": 1,
            "bookmark_chapter": 1,
            "bookmark_section": 0,
            "timezone": "UTC",
            "created_at": NOW,
            "updated_at": NOW,
        },
        "reading_days": {"session_id": "S1", "day": date(2026, 1, 1), "owner": owner, "minutes": 1.0},
        "shares": {"run_id": "R1", "owner": owner, "token_hash": "h", "created_at": NOW},
        "cached_results": {"run_id": "R1", "owner": owner, "key": "k", "created_at": NOW},
        "reading_places": {"run_id": "R1", "owner": owner, "section": 1, "paragraph": 2, "updated_at": NOW},
    }[table.name]


async def execute(database: Database, query: Any) -> None:
    await database.write(lambda connection: connection.execute(query))


async def fill(database: Database) -> None:
    child = {"id": "C1", "owner": LOCAL, "profile": {}, "created_at": NOW, "updated_at": NOW}
    run = new_run(id="R1", owner=LOCAL)
    session = {**row_of(story_sessions, LOCAL), "id": "S1"}
    for query in (
        insert(children).values(child),
        insert(complete_metadata().tables["runs"]).values(run.row()),
        insert(story_sessions).values(session),
    ):
        await execute(database, query)


@pytest.mark.parametrize(
    "table", [story_sessions, reading_days, shares, cached_results, reading_places], ids=str
)
async def test_row_of_another_owners_row_is_refused_by_the_database(database: Database, table: Any) -> None:
    await fill(database)
    foreign, own = (insert(table).values(row_of(table, owner)) for owner in ("ben", LOCAL))
    with pytest.raises(IntegrityError):
        await database.write(lambda connection: connection.execute(foreign))
    await database.write(lambda connection: connection.execute(own))


async def test_what_belongs_to_a_row_goes_with_it_to_another_owner(database: Database) -> None:
    await fill(database)
    for table in (reading_days, shares, cached_results, reading_places):
        query = insert(table).values(row_of(table, LOCAL))
        await execute(database, query)
    repository, noa = BelongingsRepository(database), Owner("noa")
    assert await repository.give(LOCAL, noa) == 7
    assert await repository.count(LOCAL) == 0 and await repository.count(noa) == 7
    await SessionRepository(database).delete(noa, "S1")
    assert await repository.count(noa) == 5


def test_every_reference_between_owned_tables_has_the_owner_in_it() -> None:
    owned = set(owned_tables())
    for table in owned:
        for key in table.foreign_key_constraints:
            if key.referred_table in owned:
                assert "owner" in key.column_keys, f"{table.name}.{key.column_keys}"


def test_rows_of_an_earlier_version_outlive_the_new_keys(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    engine = create_engine(f"sqlite:///{tmp_path}/old.db")

    @event.listens_for(engine, "connect")
    def as_the_service_does(connection: Any, record: object) -> None:
        del record
        connection.execute("PRAGMA foreign_keys=ON")

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0009")
        for line in (
            "INSERT INTO runs (id, owner, format, status, model, input, options, words, created_at, stop_requested) "
            "VALUES ('R1', 'local', 'story', 'completed', 'm', '{}', '{}', 0, 1, 0)",
            "INSERT INTO children VALUES ('C1', 'local', '{}', 1, 1)",
            "INSERT INTO story_sessions VALUES ('S1', 'local', 'C1', NULL, 't', NULL, 5, 1, 0, 'UTC', 1, 1)",
            "INSERT INTO reading_days VALUES ('S1', '2026-01-01', 'local', 3.5)",
            "INSERT INTO shares VALUES ('R1', 'local', 'h', 1)",
            "INSERT INTO cached_results VALUES ('local', 'k', 'R1', 1)",
        ):
            connection.execute(text(line))
    with engine.begin() as connection:
        upgrade(connection)
        for table in (children, story_sessions, reading_days, shares, cached_results):
            assert len(connection.execute(select(table)).all()) == 1, table.name
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0009")
        assert connection.execute(text("SELECT count(*) FROM reading_days")).scalar() == 1
    engine.dispose()
