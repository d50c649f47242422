"""The killable service's own process: the real service, with a knife at a chosen point.

A crash point is `<where>:<before|after>:<n>`: the n-th time that the service does this, it dies by
SIGKILL before or after it. That is how a kill falls exactly between the log and the checkpoint.
"""

import os
import signal
import socket
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from backend.app import create_app
from backend.log.sqlite import SqliteLog
from backend.server import run_server
from backend.store.runs.owned_runs import OwnedRunRepository
from backend.store.runs.runs import RunRepository
from backend.store.sqlite.checkpoint_writer import CheckpointWriter
from backend.store.sqlite.checkpoints import GroupCommitSaver
from tests.service import settings_for  # which imports the SDKs: once, before the fork

POINTS: dict[str, tuple[type, str]] = {
    "log": (SqliteLog, "append"),
    "checkpoint": (GroupCommitSaver, "aput"),
    "task": (GroupCommitSaver, "aput_writes"),
    "checkpoint_commit": (CheckpointWriter, "commit"),
    "start": (RunRepository, "add"),
    "claim": (RunRepository, "resume"),
    "take_over": (SqliteLog, "take_over"),
    "result": (OwnedRunRepository, "_end"),
}


def run(port: int, values: dict[str, Any], crash_at: str | None, clock: float = 0.0) -> None:
    """Serves until it is killed or told to stop. Its clock is `clock` seconds ahead of the true one."""
    if clock:
        _set_clock(clock)
    if crash_at is not None:
        _arm(crash_at)
    given = dict(values)
    url, data_dir = given.pop("provider_url"), Path(given.pop("data_dir"))
    settings = settings_for(url, data_dir, **given)
    app = create_app(settings)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    run_server(app, listener, settings.drain_seconds)


def _set_clock(seconds: float) -> None:
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + int(seconds * 1e9)


def _arm(crash_at: str) -> None:
    where, when, count = crash_at.split(":")
    owner, name = POINTS[where]
    setattr(owner, name, _with_knife(getattr(owner, name), when, int(count)))


def _with_knife(method: Callable[..., Any], when: str, count: int) -> Callable[..., Any]:
    calls = 0

    @wraps(method)
    async def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        mine = calls  # others may begin before this one returns
        if when == "before" and mine == count:
            os.kill(os.getpid(), signal.SIGKILL)
        result = await method(*args, **kwargs)
        if when == "after" and mine == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call
