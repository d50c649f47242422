"""The API key that a request is made with: what it may refer to, and on whose account it spends.

A context variable, as the models that the caller may use: a parameter would have to go through every route and use case
that starts a run, those of other people's extensions included, and one that forgets it would let everything through.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallerKey:
    """API key of the caller, by its id, with its scopes. A stream ticket has that of the key it was requested with."""

    id: str
    scopes: frozenset[str]


_KEY: ContextVar[CallerKey | None] = ContextVar("caller_key", default=None)


@contextmanager
def calling_with(key: CallerKey | None) -> Iterator[None]:
    """Makes this the key of what this task asks for meanwhile; None: a person's log-in, or no accounts."""
    token = _KEY.set(key)
    try:
        yield
    finally:
        _KEY.reset(token)


def caller_key() -> CallerKey | None:
    """The key of whoever asks."""
    return _KEY.get()
