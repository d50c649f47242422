"""A client of Storywire: starts runs, reads them over any number of breaks, and checks what it has read."""

from storywire_client.aio import AsyncRuns, AsyncStory, AsyncStorywire
from storywire_client.blocking import Runs, Story, Storywire
from storywire_client.errors import (
    HashMismatch,
    Refused,
    Retracted,
    RunFailed,
    StorywireError,
    Unreachable,
)
from storywire_client.reconnect import Reconnect

__all__ = [
    "AsyncRuns",
    "AsyncStory",
    "AsyncStorywire",
    "HashMismatch",
    "Reconnect",
    "Refused",
    "Retracted",
    "RunFailed",
    "Runs",
    "Story",
    "Storywire",
    "StorywireError",
    "Unreachable",
]
