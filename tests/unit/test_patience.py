"""Patience of requests, which is nobody else's."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import TimeoutError
from starlette.types import Message, Receive, Scope, Send

from backend.api.security.patience import AnswersInTime
from backend.store.sql.patience import be_answered_within, is_patient
from backend.store.sql.shared_writes import SharedWrites
from backend.store.sqlite.database import SqliteDatabase


async def _receive() -> Message:
    return {"type": "http.disconnect"}


async def _send(_: Message) -> None:
    pass


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
async def test_what_is_no_request_has_all_the_time(kind: str) -> None:
    found: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        found.append(is_patient(1000))

    await AnswersInTime(app)({"type": kind}, _receive, _send)
    assert found == [True]


async def test_what_a_request_began_that_broke_off_has_time() -> None:
    over = asyncio.Event()

    async def work() -> bool:
        await over.wait()
        return is_patient(1000)

    begun: list[asyncio.Task[bool]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        begun.append(asyncio.create_task(work()))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await AnswersInTime(app)({"type": "http"}, _receive, _send)
    over.set()
    assert await begun[0]


async def test_writes_that_are_shared_have_each_its_caller_s_patience(tmp_path: Path) -> None:
    def add(connection: Connection, items: Sequence[int]) -> Sequence[int]:
        for item in items:
            connection.exec_driver_sql(f"INSERT INTO theirs VALUES ({item})")
        return items

    async def hurry(item: int) -> None:
        with be_answered_within(0.1), pytest.raises(TimeoutError):
            await writes.write(item)

    database = SqliteDatabase(f"sqlite:///{tmp_path / 'new.db'}")
    await database.write(lambda connection: connection.exec_driver_sql("CREATE TABLE theirs (id)"))
    writes: SharedWrites[int, int] = SharedWrites(database, add)
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        first = asyncio.create_task(hurry(1))
        patient = asyncio.create_task(writes.write(2))
        await first  # it began the transaction, which goes on for the other
        assert not patient.done()
        await hurry(3)  # it waits behind that, and isn't written
        other.execute("ROLLBACK")
    assert await patient == 2
    assert await writes.write(4) == 4
    count = "SELECT count(*) FROM theirs WHERE id = 3"
    assert await database.read(lambda connection: connection.exec_driver_sql(count).scalar_one()) == 0
    await database.close()
