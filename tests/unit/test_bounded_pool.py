"""Work that callers ask for has threads of its own, few of them, and waits in a bounded queue."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message

from backend.api.leaving import in_turn
from backend.bounded_pool import BoundedPool
from workflows.errors import Overloaded


class _Held:
    """Work that goes on until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.end = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        self.end.wait(10)
        return threading.current_thread().name


@pytest.fixture
def pool() -> Iterator[BoundedPool]:
    """One thread, and room for two."""
    pool = BoundedPool("callers", 1, 2, "Too much.")
    yield pool
    pool.close()


async def test_work_is_done_in_threads_of_its_own(pool: BoundedPool) -> None:
    assert (await pool.run(lambda: threading.current_thread().name)).startswith("callers")


async def test_what_is_beyond_the_queue_is_refused_at_once(pool: BoundedPool) -> None:
    held = _Held()
    under_way, waiting = asyncio.create_task(pool.run(held)), asyncio.create_task(pool.run(len, "abc"))
    await asyncio.to_thread(held.begun.wait, 10)
    with pytest.raises(Overloaded, match="Too much") as refused:
        await pool.run(len, "abcd")
    held.end.set()

    assert refused.value.retry_after > 0
    assert (await under_way).startswith("callers")
    assert await waiting == 3
    assert await pool.run(len, "abcd") == 4


async def test_what_has_not_begun_when_its_client_leaves_is_dropped(pool: BoundedPool) -> None:
    done: list[int] = []
    held, left = _Held(), asyncio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    request = Request({"type": "http"}, receive)
    under_way = asyncio.create_task(pool.run(held))
    await asyncio.to_thread(held.begun.wait, 10)
    abandoned = asyncio.create_task(in_turn(request, pool, done.append, 1))
    left.set()
    with pytest.raises(ClientDisconnect):
        await abandoned
    next_one = asyncio.create_task(pool.run(len, "abc"))  # its place is free again
    held.end.set()

    await under_way
    assert await next_one == 3
    assert done == []
