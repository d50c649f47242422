"""Registry of this process's attempts."""

import asyncio
from collections.abc import Iterable
from itertools import chain

from backend.runs.attempt.handle import RunHandle

_SETTLE_SECONDS = 5.0
"""How long a reader waits for a row: its log is what counts, and who writes both may wait for somebody else."""

Attempts = dict[asyncio.Task[None], RunHandle]


class LocalRuns:
    """Tasks and handles by run id. A run may be taken up again while its last attempt still ends: the log decides
    which of them writes, so all are kept."""

    def __init__(self) -> None:
        self._runs: dict[str, Attempts] = {}

    def __len__(self) -> int:
        """Runs that go on here: those that only tidy up after themselves take nobody's place."""
        return sum(
            any(not handle.stored.is_set() for handle in attempts.values())
            for attempts in self._runs.values()
        )

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._runs

    def add(self, run_id: str, task: asyncio.Task[None], handle: RunHandle) -> None:
        """Registers an attempt."""
        self._runs.setdefault(run_id, {})[task] = handle

    def remove(self, run_id: str, task: asyncio.Task[None]) -> None:
        """Removes an attempt that has ended."""
        attempts = self._runs.get(run_id, {})
        attempts.pop(task, None)
        if not attempts:
            self._runs.pop(run_id, None)

    def tasks(self, run_id: str) -> list[asyncio.Task[None]]:
        """Tasks of the run's attempts, the newest last."""
        return list(self._runs.get(run_id, ()))

    def handles(self, run_id: str) -> list[RunHandle]:
        """Handles of the run's attempts, the newest last."""
        return list(self._runs.get(run_id, {}).values())

    def is_executing(self, run_id: str) -> bool:
        """Whether an attempt at the run goes on here, as opposed to ending."""
        return any(not handle.is_ending for handle in self.handles(run_id))

    @property
    def all_handles(self) -> list[tuple[str, RunHandle]]:
        """(run id, handle) of all attempts."""
        return [(run_id, handle) for run_id, attempts in self._runs.items() for handle in attempts.values()]

    async def wait(self, seconds: float | None = None) -> None:
        """Returns when all attempts have ended, at the latest after so many `seconds`."""
        if tasks := list(chain.from_iterable(self._runs.values())):
            await asyncio.wait(tasks, timeout=seconds)

    async def settle(self, run_id: str | None = None) -> None:
        """Returns when the row has been stored of a run whose last message, or question, is being logged, or
        after a while.

        So whoever has read the message finds the run in the state that it speaks of. Without `run_id`: every run.
        """
        selected = self._runs.values() if run_id is None else [self._runs.get(run_id, {})]
        ending = [handle for attempts in selected for handle in attempts.values() if handle.settling]
        await wait_until_stored(ending, _SETTLE_SECONDS)


async def wait_until_stored(handles: Iterable[RunHandle], seconds: float) -> bool:
    """Whether the rows of these attempts were stored within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            for handle in handles:
                await handle.stored.wait()
    except TimeoutError:
        return False
    return True
