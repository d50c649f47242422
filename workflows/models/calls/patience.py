"""Timeouts of silence, counted in time that this process was awake."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

from workflows.errors import StorywireError
from workflows.models.clients.model import Model
from workflows.models.structured import StructuredMode

_T = TypeVar("_T")
_STEP = 1.0
_SUSPENDED = 2.0
"""Seconds by which no busy event loop is late: beyond them the process or the machine was suspended."""


class _Countdown:
    """Seconds left, counted down while the event loop runs."""

    def __init__(self, seconds: float, timeout: asyncio.Timeout, suspended: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._suspended = suspended
        self._left = seconds
        self._wait()

    def cancel(self) -> None:
        """Stops the countdown."""
        self._handle.cancel()

    def _wait(self) -> None:
        self._interval = min(_STEP, self._left)
        self._due = self._loop.time() + self._interval
        self._handle = self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        late = self._loop.time() - self._due
        if late < self._suspended:
            self._left -= self._interval + late
        if self._left > 0:
            self._wait()
        else:
            self._timeout.reschedule(self._loop.time())


@asynccontextmanager
async def patience(seconds: float, *, suspended: float = _SUSPENDED) -> AsyncGenerator[None]:
    """As `asyncio.timeout`, but time in which this process was stopped or its machine asleep doesn't count: what
    was sent in the meantime can still be read."""
    async with asyncio.timeout(None) as timeout:
        countdown = _Countdown(seconds, timeout, suspended)
        try:
            yield
        finally:
            countdown.cancel()


async def limit(model: Model, work: Awaitable[_T], *, asked: StructuredMode | None = None) -> _T:
    """`work`, cancelled after `model.answer_timeout` seconds, with its errors translated. `asked` is the mode of
    the structured answer, for the message of a refusal."""
    try:
        async with patience(model.answer_timeout):
            return await work
    except StorywireError:
        raise
    except Exception as error:
        raise translate(model, error, asked) from error


async def guard(model: Model, stream: AsyncIterator[_T]) -> AsyncGenerator[_T]:
    """`stream`, cancelled when it is silent for `model.token_timeout` seconds, with its errors translated."""
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
    """An error of a provider, its SDK or the network → an error with a sentence for a person."""
    from workflows.models.calls.faults import translate_fault  # loads every SDK: only when something broke

    return translate_fault(model.spec, error, asked)
