"""A killable worker's own process: the real worker, which tells under which id it executes runs."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend.cli.worker.worker import run_worker as run_real_worker
from backend.log.postgres import PostgresLog
from backend.runs.engine.local_runs import LocalRuns
from tests.acceptance.child import _set_clock
from tests.service import settings_for  # which imports the SDKs: once, before the fork


def run_worker(values: dict[str, Any], slots: int, clock: float = 0.0, is_mute: bool = False) -> None:
    """Executes runs until it is killed or told to stop. Its clock is `clock` seconds ahead of the true one; one that
    is mute loses all its notifications."""
    if clock:
        _set_clock(clock)
    if is_mute:
        PostgresLog._schedule_notify = _notify_nobody  # type: ignore[method-assign, assignment]
    given = dict(values)
    url, data_dir = given.pop("provider_url"), Path(given.pop("data_dir"))
    settings = settings_for(url, data_dir, **given)

    def tell(process: str) -> None:
        (data_dir / "worker.id").write_text(process)

    _tell_of_attempts(data_dir / "attempts.ended")
    asyncio.run(run_real_worker(settings, slots, tell))


def _tell_of_attempts(file: Path) -> None:
    """Has each attempt that ended written down with the time at which it had: from then on it does nothing more."""
    remove = LocalRuns.remove

    def tell(runs: LocalRuns, run_id: str, task: "asyncio.Task[None]") -> None:
        remove(runs, run_id, task)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(f"{run_id} {time.monotonic()}\n")

    LocalRuns.remove = tell  # type: ignore[method-assign, assignment]


def _notify_nobody(log: PostgresLog, run_ids: Sequence[str]) -> None:
    """In place of a notification."""
    del log, run_ids
