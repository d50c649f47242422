"""Timeouts of silence, counted in time that this process was awake."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from workflows.errors import StorywireError
from workflows.models.clients.model import Model
from workflows.models.structured import StructuredMode

_T = TypeVar("_T")
_STEP = 1.0
_SUSPENDED = 2.0
"""Seconds by which no busy event loop is late: beyond them the process or the machine was suspended."""


class Countdown:
    """Seconds that are left, counted down while the event loop runs: time in which this process was stopped or its
    machine asleep doesn't count, since what was sent in the meantime can still be read.

    One timer a second, however often it is set anew.
    """

    def __init__(self, seconds: float, timeout: asyncio.Timeout, suspended: float = _SUSPENDED) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._suspended = suspended
        self._seconds = seconds
        self._since = self._loop.time()
        self._lost = 0.0
        self._stopped = False
        self._wait(seconds)

    @property
    def passed(self) -> float:
        """Seconds that were counted down since it was set."""
        return self._loop.time() - self._since - self._lost

    def restart(self) -> None:
        """All of the seconds are left again."""
        self._since, self._lost, self._stopped = self._loop.time(), 0.0, False

    def stop(self) -> None:
        """Nothing is waited for, until it is set anew."""
        self._stopped = True

    def cancel(self) -> None:
        """Ends it."""
        self._handle.cancel()

    def _wait(self, seconds: float) -> None:
        self._began = self._loop.time()
        self._due = self._began + min(_STEP, seconds)
        self._handle = self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        if now - self._due >= self._suspended:
            self._lost += now - max(self._began, self._since)
        left = self._seconds if self._stopped else self._since + self._lost + self._seconds - now
        if left > 0:
            self._wait(left)
        else:
            self._timeout.reschedule(now)


@asynccontextmanager
async def patience(seconds: float, *, suspended: float = _SUSPENDED) -> AsyncGenerator[Countdown]:
    """As `asyncio.timeout`, with a countdown that knows when the process was stopped."""
    async with asyncio.timeout(None) as timeout:
        countdown = Countdown(seconds, timeout, suspended)
        try:
            yield countdown
        finally:
            countdown.cancel()


async def limit(model: Model, work: Awaitable[_T], *, structured_mode: StructuredMode | None = None) -> _T:
    """`work`, cancelled after `model.answer_timeout` seconds, with its errors translated. `structured_mode` is the mode
    of the structured answer, for the message of a refusal."""
    try:
        async with patience(model.answer_timeout):
            return await work
    except StorywireError:
        raise
    except Exception as error:
        raise translate(model, error, structured_mode) from error


async def guard(
    model: Model, stream: AsyncIterator[_T], says_something: Callable[[_T], bool] = lambda _: True
) -> AsyncGenerator[_T]:
    """`stream`, cancelled when it is silent for `model.token_timeout` seconds, with its errors translated.

    Items that say nothing, as a slow provider sends them while its model thinks, are no silence, but for the longer of
    its two timeouts.
    """
    longest, without_words = max(model.token_timeout, model.answer_timeout), 0.0
    try:
        async with patience(model.token_timeout) as countdown:
            async for item in stream:
                without_words = 0.0 if says_something(item) else without_words + countdown.passed
                if without_words > longest:
                    raise TimeoutError
                countdown.stop()
                yield item
                countdown.restart()
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


def translate(model: Model, error: Exception, structured_mode: StructuredMode | None = None) -> Exception:
    """An error of a provider, its SDK or the network → an error with a sentence for a person."""
    from workflows.models.calls.faults import translate_fault  # loads every SDK: only when something broke

    return translate_fault(model.spec, error, structured_mode)
