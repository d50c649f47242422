"""Registry of the runs that this process executes."""

import asyncio
from collections.abc import Iterator

from backend.runs.attempt.handle import RunHandle


class LocalRuns:
    """Tasks and handles by run id. A run may be taken up again while the attempt before it still ends: then the newest
    counts."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._handles: dict[str, RunHandle] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._tasks

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._tasks))

    def add(self, run_id: str, task: asyncio.Task[None], handle: RunHandle) -> None:
        """Registers an attempt."""
        self._tasks[run_id], self._handles[run_id] = task, handle

    def remove(self, run_id: str, task: asyncio.Task[None]) -> None:
        """Forgets an attempt that ended."""
        if self._tasks.get(run_id) is task:
            del self._tasks[run_id], self._handles[run_id]

    def task(self, run_id: str) -> asyncio.Task[None] | None:
        """The attempt's task."""
        return self._tasks.get(run_id)

    def handle(self, run_id: str) -> RunHandle | None:
        """The attempt's handle."""
        return self._handles.get(run_id)

    @property
    def handles(self) -> list[RunHandle]:
        """Of all attempts."""
        return list(self._handles.values())

    async def wait(self, seconds: float | None = None) -> None:
        """Returns when all attempts have ended, at the latest after so many `seconds`."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=seconds)

    async def settle(self, run_id: str | None = None) -> None:
        """Returns when the row is stored of a run whose last message, or question, is being logged.

        So whoever has read the message finds the run in the state that it speaks of. Without `run_id`: every run.
        """
        asked = self._tasks.keys() if run_id is None else self._tasks.keys() & {run_id}
        if ending := [self._tasks[one] for one in asked if self._handles[one].settling]:
            await asyncio.wait(ending)
