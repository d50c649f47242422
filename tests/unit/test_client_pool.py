"""How many clients are kept open, and whose are closed."""

import gc
from collections.abc import Awaitable, Callable
from typing import Any

from tests.models import settings_of
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.clients.pool import KEPT, ClientPool
from workflows.models.clients.providers import build_embedded
from workflows.models.embedded.process import Endpoint


class Line:
    """A client that knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    @property
    def close(self) -> Callable[[], Awaitable[None]]:
        async def close() -> None:
            self.closed = True

        return close


async def test_client_is_shared_by_all_who_want_it() -> None:
    pool: ClientPool[Line] = ClientPool(2)
    first, _ = pool.lend("a", Line)
    second, _ = pool.lend("a", Line)
    assert first is second and len(pool) == 1


async def test_client_that_is_used_least_recently_and_by_nobody_is_closed() -> None:
    pool: ClientPool[Line] = ClientPool(2)
    lines = {name: pool.lend(name, Line)[0] for name in "ab"}
    pool.lend("a", Line)
    pool.lend("c", Line)
    assert pool.lend("a", Line)[0] is lines["a"]
    assert pool.lend("b", Line)[0] is not lines["b"]
    await pool.close()
    assert all(line.closed for line in lines.values()) and len(pool) == 0


async def test_client_in_use_is_never_closed_for_another() -> None:
    pool: ClientPool[Line] = ClientPool(2)
    leased = [pool.lend(name, Line) for name in "abc"]
    unused, lease = pool.lend("d", Line)
    del lease
    gc.collect()
    pool.lend("e", Line)
    assert not any(line.closed for line, _ in leased) and len(pool) == 4  # d gave way to e
    await pool.close()
    assert unused.closed


async def test_pool_is_bounded_however_many_models_are_named() -> None:
    pool: ClientPool[Line] = ClientPool(3)
    for number in range(50):
        pool.lend(number, Line)
    assert len(pool) == 3
    await pool.close()


async def test_catalog_closes_the_connections_of_models_that_nobody_uses_any_more() -> None:
    catalog = ModelCatalog(settings_of("http://127.0.0.1:9"))
    used = await catalog.open("openai:used")
    forgotten: Any = (await catalog.open("openai:forgotten")).chat
    for number in range(KEPT + 1):
        await catalog.open(f"groq:{number}")
    chat: Any = used.chat
    closed = [chat.http_async_client.is_closed, forgotten.http_async_client.is_closed]
    await catalog.close()
    assert closed == [False, True] and chat.http_async_client.is_closed


async def test_client_of_the_embedded_model_is_closed_too_and_tries_nothing_again() -> None:
    client = build_embedded(Endpoint("http://127.0.0.1:9/v1", "key", "small"))
    chat: Any = client.chat
    await client.close()
    assert chat.http_async_client.is_closed and chat.http_client.is_closed and chat.max_retries == 0


async def test_client_that_cannot_be_closed_keeps_none_of_the_others_open() -> None:
    class Stuck(Line):
        @property
        def close(self) -> Callable[[], Awaitable[None]]:
            async def close() -> None:
                raise OSError("the connection is in a bad way")

            return close

    pool: ClientPool[Line] = ClientPool(2)
    pool.lend("stuck", Stuck)
    other, _ = pool.lend("other", Line)
    await pool.close()
    assert other.closed
