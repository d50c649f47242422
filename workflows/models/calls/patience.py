"""Limits of silence, counted in time that this process was awake."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

from workflows.errors import StorywireError
from workflows.models.clients.model import Model
from workflows.models.structured import StructuredMode

_T = TypeVar("_T")
_STEP = 1.0
_LATE = 2.0
"""Seconds by which a busy event loop may be late; beyond them the process or the machine was suspended."""


@asynccontextmanager
async def patience(seconds: float) -> AsyncGenerator[None]:
    """As `asyncio.timeout`, but time in which this process was stopped or its machine asleep doesn't count: what was
    sent in the meantime can still be read."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as timeout:
        left, interval = seconds, min(_STEP, seconds)
        due = loop.time() + interval

        def tick() -> None:
            nonlocal left, interval, due, handle
            late = loop.time() - due
            left -= interval + (late if late < _LATE else 0.0)
            if left <= 0:
                timeout.reschedule(loop.time())
                return
            interval = min(_STEP, left)
            due = loop.time() + interval
            handle = loop.call_at(due, tick)

        handle = loop.call_at(due, tick)
        try:
            yield
        finally:
            handle.cancel()


async def limit(model: Model, work: Awaitable[_T], *, asked: StructuredMode | None = None) -> _T:
    """`work`, given up after `model.answer_timeout` seconds, its errors translated. `asked` says in which mode
    an answer was asked for, so that a refusal can say what to change."""
    try:
        async with patience(model.answer_timeout):
            return await work
    except StorywireError:
        raise
    except Exception as error:
        raise translate(model, error, asked) from error


async def guard(model: Model, stream: AsyncIterator[_T]) -> AsyncGenerator[_T]:
    """`stream`, given up when it is silent for `model.token_timeout` seconds, its errors translated."""
    try:
        while True:
            async with patience(model.token_timeout):
                try:
                    item = await anext(stream)
                except StopAsyncIteration:
                    return
            yield item
    except StorywireError:
        raise
    except Exception as error:
        raise translate(model, error) from error
    finally:
        # Closing the stream closes the provider's connection: that is what stops the spending.
        try:
            if model.disconnect is not None:
                await model.disconnect(stream)
        finally:
            if (close := getattr(stream, "aclose", None)) is not None:
                await close()


def translate(model: Model, error: Exception, asked: StructuredMode | None = None) -> Exception:
    """What a provider, its SDK or the network threw → an error with a sentence for a person."""
    from workflows.models.calls.faults import translate_fault  # loads every SDK: only when something broke

    return translate_fault(model.spec, error, asked)
