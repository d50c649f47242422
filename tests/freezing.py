"""Processes that are stopped: alive, and doing nothing."""

import contextlib
import sqlite3
from pathlib import Path

import psutil  # type: ignore[import-untyped]

_BUSY_SECONDS = 60


def freeze(pid: int) -> None:
    """SIGSTOP. Returns when the process has stopped: on a busy machine it runs on for a moment, and answers."""
    process = psutil.Process(pid)
    process.suspend()
    while process.status() != psutil.STATUS_STOPPED:
        pass


def freeze_between_writes(pid: int, data_dir: Path) -> None:
    """SIGSTOP at a moment when the process writes to no SQLite file of the folder: others can write to them."""
    with contextlib.ExitStack() as held:
        for file in sorted(data_dir.glob("*.db")):
            connection = held.enter_context(
                contextlib.closing(sqlite3.connect(file, timeout=_BUSY_SECONDS, isolation_level=None))
            )
            connection.execute("BEGIN IMMEDIATE")
        freeze(pid)
