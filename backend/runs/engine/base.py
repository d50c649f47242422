"""Engine port, the interface to the execution of runs: in this process (`inline.py`), or by workers (`queue.py`)."""

from contextlib import AbstractContextManager
from typing import Protocol

from backend.log.base import LogOpening
from backend.store.runs.runs import Run


class Engine(Protocol):
    """Executor of runs that are stored as running. Which process executes a run is decided by the database.

    Whatever makes a run executable (a start, a resume, an answer, a version, a recovery) stores that first, with
    `process` as the one that executes it, and then submits its id (a start: `begin`).
    """

    @property
    def process(self) -> str | None:
        """The process that executes runs submitted here; None where that isn't known yet, as with a queue."""

    @property
    def accepts(self) -> bool:
        """Whether there is room for one more run."""

    @property
    def closed(self) -> bool:
        """Whether runs are refused because the process is about to end."""

    @property
    def active(self) -> int:
        """Number of runs executing in this process now."""

    def reserve_slot(self) -> AbstractContextManager[None]:
        """Reserves room for a run that is about to be stored and submitted. Raises Overloaded."""

    def open_log(self, run_id: str) -> LogOpening | None:
        """The log of a run that is about to be stored with this engine's `process`, to be stored with it; None where
        whoever executes it opens its log."""

    async def begin(self, run: Run, opening: LogOpening | None) -> None:
        """Starts the execution of a run that was stored just now, with this `opening`: `submit` without reading it
        again."""

    async def submit(self, run_id: str) -> None:
        """Starts the execution of the run, if it is stored as running and `process` is to execute it. A run that is
        submitted again while it executes is executed once."""

    async def begun(self, run_id: str) -> None:
        """Returns when the log of a submitted run shows that it was resumed, or it won't be, or patience ends."""

    async def cancel(self, run: Run) -> Run | None:
        """Ends the run wherever it executes. The run when its last message is stored; None if it was deleted meanwhile.
        Raises Overloaded."""

    async def settle(self, run_id: str | None = None) -> None:
        """Returns when the row of the run (None: of every run) agrees with the last message in its log, as far as
        it is written by this process."""

    def stop_accepting(self) -> None:
        """Refuses new runs; active ones continue."""
