"""Liveness of the service's processes: the ones that may still be executing runs."""

from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout
from ulid import ULID

PROCESSES = "processes"
"""The folder of the locks, beside the database."""


class Liveness(Protocol):
    """Liveness of this process and of the others."""

    @property
    def id(self) -> str:
        """The id of this process, which no other has or had."""

    async def is_alive(self, process: str) -> bool:
        """Whether the process with this id is alive."""

    async def leave(self) -> None:
        """Declares that this process executes no more runs."""


class FileLiveness:
    """Liveness of processes on one machine, by locks in a folder. No heartbeat: the system takes a lock back when
    its process dies, even by `kill -9`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.id = str(ULID())
        self._lock = FileLock(self._path(self.id))
        self._lock.acquire(timeout=0)

    async def is_alive(self, process: str) -> bool:
        """Whether the process with this id is alive on this machine."""
        if process == self.id:
            return True
        path = self._path(process)
        if not path.exists():
            return False
        if _is_held(path):
            return True
        path.unlink(missing_ok=True)
        return False

    async def leave(self) -> None:
        """Declares that this process executes no more runs."""
        self._lock.release()
        self._path(self.id).unlink(missing_ok=True)

    def _path(self, process: str) -> Path:
        return self._folder / f"{process}.lock"


def find_alive(folder: Path) -> list[str]:
    """The processes that are alive by the locks in this folder."""
    return [path.stem for path in sorted(folder.glob("*.lock")) if _is_held(path)]


def _is_held(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
