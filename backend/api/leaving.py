"""Clients that leave before they have their reply: what is done for them alone is dropped."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from backend.bounded_pool import BoundedPool

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def unless_left(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """The result of `work`. Raises ClientDisconnect if the client left first: then the work is cancelled."""
    working, leaving = asyncio.create_task(work), asyncio.create_task(_wait_until_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait({working, leaving})


async def in_turn(
    request: Request, pool: BoundedPool, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    """The result of `work` over what a caller sent, or has asked for, in the threads that are kept for it. Raises
    Overloaded, and ClientDisconnect."""
    return await unless_left(request, pool.run(work, *args, **kwargs))


async def _wait_until_left(request: Request) -> None:
    """Returns when the client has disconnected. The body has been read by now."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
