"""Rows that belong to another row: they have its owner, which the database itself sees to."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import UniqueConstraint, create_engine, event, insert, select, text
from sqlalchemy.exc import IntegrityError

from backend.store.accounts.belongings import BelongingsRepository, owned_tables
from backend.store.owner import LOCAL, Owner
from backend.store.schema.schema import complete_metadata
from backend.store.schema.tables import cached_results, reading_places, shares, threads
from backend.store.setup.migrating import upgrade
from backend.store.sql.database import Database
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


async def count(repository: BelongingsRepository, owner: Owner) -> int:
    """How many rows the owner has, in all tables."""
    return sum([len(page) for table in owned_tables() async for page in repository.pages(owner, table)])


async def test_what_belongs_to_a_row_goes_with_it_to_another_owner(database: Database) -> None:
    await fill(database)
    for table in (reading_days, shares, cached_results, reading_places):
        query = insert(table).values(row_of(table, LOCAL))
        await execute(database, query)
    repository, noa = BelongingsRepository(database), Owner("noa")
    assert await repository.give(LOCAL, noa) == 7
    assert await count(repository, LOCAL) == 0 and await count(repository, noa) == 7
    await SessionRepository(database).delete(noa, "S1")
    assert await count(repository, noa) == 5


async def test_what_both_owners_have_under_one_key_stays_the_new_owners(database: Database) -> None:
    noa, runs = Owner("noa"), complete_metadata().tables["runs"]
    for owner, run_id in ((LOCAL, "R1"), (noa, "R2")):
        run = new_run(id=run_id, owner=owner, idempotency_key="same", cache_key="k")
        await execute(database, insert(runs).values(run.row()))
        cached = {**row_of(cached_results, owner), "run_id": run_id}
        await execute(database, insert(cached_results).values(cached))
    await execute(database, insert(runs).values(new_run(id="R3", owner=LOCAL, idempotency_key="other").row()))
    assert await BelongingsRepository(database).give(LOCAL, noa) == 3
    query = select(runs.c.id, runs.c.owner, runs.c.idempotency_key).order_by(runs.c.id)
    rows = await database.read(lambda connection: connection.execute(query).all())
    assert [tuple(row) for row in rows] == [
        ("R1", "noa", None),
        ("R2", "noa", "same"),
        ("R3", "noa", "other"),
    ]
    kept = await database.read(lambda connection: connection.execute(select(cached_results.c.run_id)).all())
    assert [row.run_id for row in kept] == ["R2"]


async def test_thread_that_both_owners_have_stays_the_new_owners_and_the_others_go_with_their_runs(
    database: Database,
) -> None:
    noa, runs = Owner("noa"), complete_metadata().tables["runs"]
    both, other = "a" * 32, "b" * 32
    for owner, name, ordinal in ((LOCAL, both, 7), (noa, both, 3), (LOCAL, other, 2)):
        key = f"thread:{name}:{ordinal:06d}:{'c' * 32}:"
        await execute(database, insert(runs).values(new_run(owner=owner, idempotency_key=key).row()))
        values = {"owner": owner, "name": name, "last_ordinal": ordinal}
        await execute(database, insert(threads).values(values))
    await BelongingsRepository(database).give(LOCAL, noa)
    rows = await database.read(lambda connection: connection.execute(select(threads)).all())
    assert {tuple(row) for row in rows} == {("noa", both, 3), ("noa", other, 2)}
    keys = await database.read(lambda connection: connection.scalars(select(runs.c.idempotency_key)).all())
    assert sorted((key or "")[:47] for key in keys) == [
        "",
        f"thread:{both}:000003:",
        f"thread:{other}:000002:",
    ]


def test_every_key_that_an_owner_may_have_once_is_thought_of_where_rows_change_their_owner() -> None:
    """`give` makes room for these; another one needs a thought there."""
    found = set()
    for table in owned_tables():
        keys = [*(each.columns for each in table.constraints if isinstance(each, UniqueConstraint))]
        keys += [table.primary_key.columns, *(index.columns for index in table.indexes if index.unique)]
        found |= {(table.name, *(column.name for column in key)) for key in keys if "owner" in key}
    assert {key for key in found if key[1:] != ("owner", "id")} == {
        ("runs", "owner", "idempotency_key"),
        ("runs", "owner", "series", "part"),  # a series is an id of our own, of one owner
        ("cached_results", "owner", "key"),
        ("threads", "owner", "name"),
    }


def test_every_reference_between_owned_tables_has_the_owner_in_it() -> None:
    owned = {table for table in complete_metadata().sorted_tables if "owner" in table.c}
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
