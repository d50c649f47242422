"""Engine port: where runs execute. `inline.py` has the engine that executes them in this process."""

from contextlib import AbstractContextManager
from typing import Protocol

from backend.store.runs import Run


class Engine(Protocol):
    """Executes runs that are stored as running. The database says who executes which; the engine only does it.

    Whatever makes a run executable (a start, a resume, an answer, a version, a recovery) stores that first, with
    `process` as the one that executes it, and then submits its id.
    """

    @property
    def process(self) -> str | None:
        """The process that executes what is submitted here; None where that isn't known yet, as with a queue."""

    @property
    def accepts(self) -> bool:
        """Whether there is room for one more run."""

    @property
    def closed(self) -> bool:
        """Whether no more runs are taken because the process is about to end."""

    @property
    def active(self) -> int:
        """Runs that execute in this process now."""

    def reserve_slot(self) -> AbstractContextManager[None]:
        """Keeps room for a run that is about to be stored and submitted. Raises Overloaded."""

    async def submit(self, run_id: str) -> None:
        """Has the run executed, once, if it is stored as running and `process` is to execute it."""

    async def begun(self, run_id: str) -> None:
        """Returns when the log of a submitted run says that it goes on, or it won't."""

    async def cancel(self, run: Run) -> None:
        """Ends the run wherever it executes; returns when its last message is stored. Raises Overloaded."""

    async def settle(self, run_id: str | None = None) -> None:
        """Returns when the row of the run (None: of every run) is as the last message in its log says, as far as this
        process writes it."""

    def stop_accepting(self) -> None:
        """No more runs are taken; those that are here go on until `drain`."""

    async def drain(self, grace: float) -> None:
        """Lets sections finish for `grace` seconds, then stops; another process goes on with every run."""
