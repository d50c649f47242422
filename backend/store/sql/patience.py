"""Patience of a request with a database that somebody else holds: it is answered in time. What works behind requests
has all the time that the database gives it."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TypeVar

from sqlalchemy.exc import TimeoutError as DatabaseTimeout

_T = TypeVar("_T")
REQUEST_SECONDS = 5.0
"""How long a request waits for others' locks before it is refused, in all."""


class Patience:
    """Seconds left, for all that a request does one after another."""

    def __init__(self, seconds: float) -> None:
        self.left: float | None = seconds
        """Seconds; None: as long as it takes."""

    def spend(self, seconds: float) -> bool:
        """Whether there is some left after a wait of so many seconds."""
        if self.left is None:
            return True
        self.left = max(0.0, self.left - seconds)
        return self.left > 0

    def end(self) -> None:
        """The request is answered: what it began needn't hurry."""
        self.left = None


_ENDLESS = Patience(0)
_ENDLESS.end()
_patience: ContextVar[Patience] = ContextVar("patience", default=_ENDLESS)


@contextmanager
def be_answered_within(seconds: float) -> Iterator[Patience]:
    """What is awaited in here waits for others' locks so many seconds, in all. What it began, and left behind, needn't
    hurry any more."""
    patience = Patience(seconds)
    token = _patience.set(patience)
    try:
        yield patience
    finally:
        _patience.reset(token)
        patience.end()  # of a request that broke off, no reply has begun


def take_time() -> None:
    """The task at hand was begun by a request and isn't part of it."""
    _patience.set(_ENDLESS)


def is_patient(waited: float) -> bool:
    """Whether whoever asks may wait on, having waited so many seconds more."""
    return _patience.get().spend(waited)


async def in_time(result: Awaitable[_T]) -> _T:
    """The result, which others may hold up. Raises sqlalchemy's TimeoutError when patience has come to its end."""
    began = asyncio.get_running_loop().time()
    patience = _patience.get()
    try:
        async with asyncio.timeout(patience.left):
            return await result
    except TimeoutError as error:
        raise DatabaseTimeout("the file can't be written at this moment") from error
    finally:
        patience.spend(asyncio.get_running_loop().time() - began)


async def while_patient(result: Awaitable[object]) -> None:
    """Waits for a result as long as patience lasts."""
    with suppress(DatabaseTimeout):
        await in_time(result)
