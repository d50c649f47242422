"""The promise as a property: whatever is done to the service and to its readers, the text is right.

Hypothesis makes up sequences of disturbances: cuts, reconnects, kills, stops, cancels, resumes, readers
that take nothing, sections in parallel, views. The reference is `Told`, a reader of a few lines.
"""

import asyncio
import hashlib
import shutil
import socket
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.acceptance.killable import KillableService
from tests.acceptance.trials import COUNTS, EXAMPLES
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.service import CALLS, Told

_T = TypeVar("_T")
_MOST_RUNS = 3
VIEWS: tuple[dict[str, str], ...] = (
    {},
    {"order": "reading"},
    {"granularity": "sentence"},
    {"order": "reading", "granularity": "section"},
)


@dataclass
class Run:
    """A run and what its readers, one a view, were told so far."""

    id: str
    parallel: int
    disturbances: int = 0
    readers: list[Told] = field(default_factory=lambda: [Told() for _ in VIEWS])


class Promise(RuleBasedStateMachine):
    """A service under disturbance."""

    runs = Bundle[Run]("runs")

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._folder = Path(tempfile.mkdtemp(prefix="storywire-promise-"))
        self._provider = FakeProvider(Script(default=Reply(pace=1500, words=90)))
        self._provider.start()
        self._service = self._open_service()
        self._do(self._service.start())
        self._started: list[Run] = []
        self._sleepers: list[socket.socket] = []

    def _open_service(self) -> KillableService:
        return KillableService(self._provider.openai_url, self._folder / "data", slow_reader_seconds=5)

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self._loop.run_until_complete(work)

    def _up(self) -> None:
        if not self._service.is_alive:
            self._do(self._service.start())

    @initialize(target=runs, parallel=st.sampled_from([1, 3]))
    def start_first(self, parallel: int) -> Run:
        """There is always one."""
        return self._start(parallel)

    @precondition(lambda self: len(self._started) < _MOST_RUNS)
    @rule(target=runs, parallel=st.sampled_from([1, 3]))
    def start(self, parallel: int) -> Run:
        """Somebody asks for a story."""
        return self._start(parallel)

    def _start(self, parallel: int) -> Run:
        self._up()
        run = Run(self._do(self._service.client.start(parallel=parallel)), parallel)
        self._started.append(run)
        return run

    @rule(run=runs, view=st.integers(0, len(VIEWS) - 1), messages=st.integers(1, 30))
    def read_and_cut(self, run: Run, view: int, messages: int) -> None:
        """A reader goes on, takes a few messages, and its connection breaks."""
        self._up()
        self._do(self._read(run, view, messages))
        COUNTS["cuts"] += 1

    @rule(run=runs)
    def sleep_while_connected(self, run: Run) -> None:
        """A reader asks and takes nothing."""
        self._up()
        sleeper = socket.create_connection(("127.0.0.1", self._service.port))
        sleeper.sendall(f"GET /api/v1/runs/{run.id}/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        self._sleepers.append(sleeper)

    @rule(run=runs, messages=st.integers(0, 25), how=st.sampled_from(["kill", "kill", "stop"]))
    def end_the_service(self, run: Run, messages: int, how: str) -> None:
        """While somebody reads, the process dies without a word, or is asked to stop."""
        self._up()
        self._do(self._read(run, 0, messages))
        if how == "kill":
            self._do(self._service.kill())
        else:
            assert self._do(self._service.terminate()) == 0
        for started in self._started:
            started.disturbances += 1
        COUNTS[f"{how}s"] += 1

    @rule(run=runs)
    def cancel(self, run: Run) -> None:
        """Somebody cancels."""
        self._up()
        status = self._do(self._status(run))
        reply = self._do(self._service.client.http.post(f"/api/v1/runs/{run.id}/cancel"))
        assert reply.status_code == (409 if status == "completed" else 200) or reply.status_code == 409
        run.disturbances += 1
        COUNTS["cancels"] += 1

    @rule(run=runs)
    def resume(self, run: Run) -> None:
        """Somebody resumes, if there is anything to resume."""
        self._up()
        self._do(self._resume(run))

    def teardown(self) -> None:
        """Every run comes to its end, and everybody was told the same."""
        try:
            self._up()
            for run in self._started:
                self._do(self._finish(run))
            self._check_purchases()
        finally:
            if self._service.is_alive:
                self._do(self._service.kill())
            self._do(self._service.client.http.aclose())
            self._close()

    def _close(self) -> None:
        for sleeper in self._sleepers:
            sleeper.close()
        self._do(self._loop.shutdown_default_executor())
        self._loop.close()
        self._provider.stop()
        shutil.rmtree(self._folder)
        COUNTS["sequences"] += 1
        COUNTS["runs"] += len(self._started)

    async def _read(self, run: Run, view: int, messages: int) -> None:
        told = run.readers[view]
        if not messages:
            return
        stream = self._service.client.frames(run.id, told.last_seq, **VIEWS[view])
        try:
            async with asyncio.timeout(20):
                async for frame in stream:
                    told.take(frame)
                    messages -= 1
                    if not messages:
                        break
        except (httpx.TransportError, TimeoutError):
            pass
        finally:
            await stream.aclose()

    async def _status(self, run: Run) -> str:
        return str((await self._service.client.run(run.id))["status"])

    async def _resume(self, run: Run) -> None:
        if await self._status(run) not in ("failed", "cancelled"):
            return
        reply = await self._service.client.http.post(f"/api/v1/runs/{run.id}/resume")
        assert reply.status_code == 202, reply.text
        for told in run.readers:
            told.ending = None  # an older error is no longer the last message

    async def _finish(self, run: Run) -> None:
        await self._resume(run)
        for view, told in enumerate(run.readers):
            await self._service.client.read(run.id, told, **VIEWS[view])
        late = await self._service.client.read(run.id)
        stored = (await self._service.client.run(run.id))["result"]
        texts = {told.text for told in (*run.readers, late)}

        assert texts == {stored["story_content"]}
        assert hashlib.sha256(late.text.encode()).hexdigest() == stored["sha256"]
        assert all(told.ending is not None and told.ending["type"] == "complete" for told in run.readers)

    def _check_purchases(self) -> None:
        bought = len(self._provider.generations)
        # A disturbance costs what is being written at the time.
        most = sum(CALLS + run.disturbances * run.parallel for run in self._started)
        assert CALLS * len(self._started) <= bought <= most


def try_promise(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    """Tries so many sequences of disturbances."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            derandomize=examples <= 10,
            database=None,
        ),
    )


@pytest.mark.timeout(0)
def test_text_is_right_whatever_is_done_to_the_service_and_its_readers() -> None:
    try_promise(Promise, EXAMPLES, steps=14)
