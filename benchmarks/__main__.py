"""All benchmarks, one table: `python -m benchmarks`, or `python -m benchmarks first_token replay` for some."""

import asyncio
import sys

from benchmarks import (
    access,
    cluster,
    comparison,
    cpu_per_token,
    first_event,
    first_token,
    growth,
    idle_readers,
    input_tokens,
    lengths,
    lessons,
    live_readers,
    log_append,
    many_runs,
    news,
    progress,
    replay,
    restart,
    safety,
    standstill,
    stored_runs,
    worker_kills,
)
from benchmarks.report import Rows, Run, show

_BENCHMARKS: dict[str, Run] = {
    "comparison": comparison.run,
    "first_event": first_event.run,
    "first_token": first_token.run,
    "cpu_per_token": cpu_per_token.run,
    "many_runs": many_runs.run,
    "replay": replay.run,
    "restart": restart.run,
    "idle_readers": idle_readers.run,
    "live_readers": live_readers.run,
    "log_append": log_append.run,
    "lengths": lengths.run,
    "progress": progress.run,
    "lessons": lessons.run,
    "growth": growth.run,
    "stored_runs": stored_runs.run,
    "input_tokens": input_tokens.run,
    "safety": safety.run,
    "standstill": standstill.run,
    "access": access.run,
    "news": news.run,
    "cluster": cluster.run,
    "worker_kills": worker_kills.run,
}


def main(names: list[str]) -> None:
    """Runs the named ones, or all. Ends the process with status 2 for a name that there isn't."""
    if unknown := set(names) - set(_BENCHMARKS):
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there is {', '.join(_BENCHMARKS)}.")
    found: list[tuple[str, Rows]] = []
    for name in names or _BENCHMARKS:
        sys.stderr.write(f"{name} …\n")
        found.append((name, asyncio.run(_BENCHMARKS[name]())))
    show(found)


if __name__ == "__main__":
    main(sys.argv[1:])
