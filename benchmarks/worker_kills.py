"""Workers that are killed at random moments: what readers lose by it, and how long until the runs go on elsewhere.

`python -m benchmarks.worker_kills --kills 60` ends after `--seconds` whatever happens, and prints what it has by then.
"""

import argparse
import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path
from statistics import median

from benchmarks.report import Row, Rows, show
from benchmarks.workers import Watchdog
from tests.acceptance.cluster import KillableCluster
from tests.acceptance.worker_kills import WORKERS, KillTrial, Outcome, paced_script
from tests.fakes.provider import FakeProvider

_KILLS, _SECONDS = 10, 300.0
_LEAVE_SECONDS = 60.0
_RECOVERY_SECONDS = 15.0


async def run() -> Rows:
    """Ten kills."""
    return await measure(_KILLS, _SECONDS)


async def measure(kills: int, seconds: float) -> Rows:
    """So many kills, for so many seconds at most."""
    seen = [Outcome()]

    def report() -> None:
        show([("worker_kills (ended by its deadline)", make_rows(seen[-1]))])

    deadline = asyncio.get_running_loop().time() + seconds - _LEAVE_SECONDS
    with Watchdog(seconds, report, list), tempfile.TemporaryDirectory() as folder:
        async with FakeProvider() as provider:
            provider.script = paced_script()
            async with KillableCluster(provider.openai_url, Path(folder), workers=WORKERS) as cluster:
                trial = KillTrial(cluster, provider, kills)
                seen.append(trial.outcome)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(deadline):
                        await _run(trial)
    return make_rows(seen[-1])


async def _run(trial: KillTrial) -> None:
    """The trial; what it has found by then is printed where it breaks off."""
    try:
        await trial.run()
    except* Exception:
        show([("worker_kills (broken off)", make_rows(trial.outcome))])
        raise


def make_rows(outcome: Outcome) -> Rows:
    """The outcome, as far as there is any."""
    return [
        Row(
            f"{outcome.kills} kills of workers, {outcome.runs} runs, 2 readers each",
            f"{outcome.lost} bytes lost, {outcome.repeated} repeated",
            "",
            None,
            "0, 0",
            outcome.lost == outcome.repeated == 0,
        ),
        Row("calls of the model", str(outcome.bought), f"at most {outcome.may_buy}"),
        _times("from a kill until another worker has the run", outcome.recoveries, judged=True),
        _times("from a kill until its reader has the next message", outcome.resumptions, judged=False),
    ]


def _times(what: str, taken: list[float], *, judged: bool) -> Row:
    if not taken:
        return Row(what, "none", "")
    seconds = sorted(taken)
    most = seconds[int(len(seconds) * 0.99)]
    words = f"median {median(seconds):.1f} s, 99 % {most:.1f} s, worst {seconds[-1]:.1f} s, of {len(seconds)}"
    limit = f"{_RECOVERY_SECONDS:.0f} s"
    if not judged:
        return Row(what, words, limit)
    return Row(what, words, limit, most / _RECOVERY_SECONDS, f"<= {limit}", most <= _RECOVERY_SECONDS)


def main() -> None:
    """Measures what the options say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=_KILLS)
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="at most, in all")
    asked = parser.parse_args()
    show([("worker_kills", asyncio.run(measure(asked.kills, max(asked.seconds, _LEAVE_SECONDS * 2))))])


if __name__ == "__main__":
    main()
