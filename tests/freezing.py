"""Processes that are stopped: alive, and doing nothing."""

import psutil  # type: ignore[import-untyped]


def freeze(pid: int) -> None:
    """SIGSTOP. Returns when the process has stopped: on a busy machine it runs on for a moment, and answers."""
    process = psutil.Process(pid)
    process.suspend()
    while process.status() != psutil.STATUS_STOPPED:
        pass
