"""Execution of runs as a process has it: in itself, or by way of a queue that workers take runs from."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from backend.runs.admission.quota import Quota
from backend.runs.attempt.attempt import AttemptTools
from backend.runs.attempt.budget import Budgets
from backend.runs.attempt.executor import Executor
from backend.runs.attempt.finalize import RunFinalizer
from backend.runs.attempt.row_updates import RowUpdates
from backend.runs.attempt.start_line import StartLine
from backend.runs.engine.base import Engine
from backend.runs.engine.heartbeat import HeartbeatLiveness
from backend.runs.engine.inline import POLL_EVERY_SECONDS, InlineEngine
from backend.runs.engine.liveness import PROCESSES, FileLiveness, Liveness
from backend.runs.engine.local_runs import LocalRuns
from backend.runs.engine.orphans import OrphanDetector
from backend.runs.engine.recovery import NoRecovery, Recovery, RunRecovery
from backend.runs.engine.redelivery import Redelivery
from backend.runs.readers.audience import Audience
from backend.runs.results.sources import SourceReader
from backend.settings import Settings
from backend.storage import Store
from backend.store.accounts.allowances.allowance import Allowance
from backend.store.postgres.jobs import JobRepository
from backend.tasks import Background, every, logged
from backend.telemetry.metrics import Metrics
from backend.telemetry.opening import Telemetry
from backend.writing import WritingResources
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import monthly_limit_of

if TYPE_CHECKING:
    from backend.runs.engine.worker import Worker

log = structlog.get_logger()

_MEASURE_SECONDS = 5.0
"""Between two looks at the queue's length."""
_PLACES_SECONDS = 2.0
"""Between two statements of the places in the queue."""


@dataclass(frozen=True, slots=True)
class Execution:
    """The engine of a process; `worker`, where it takes runs from the queue."""

    engine: Engine
    recovery: RunRecovery
    quota: Quota
    worker: "Worker | None" = None


@dataclass(frozen=True, slots=True)
class ProcessState:
    """In-memory state of a process: the runs that it executes, and its readers."""

    runs: LocalRuns
    audience: Audience


async def open_execution(
    stack: AsyncExitStack,
    settings: Settings,
    store: Store,
    telemetry: Telemetry,
    work: WritingResources,
    local: ProcessState,
    slots: int | None,
) -> Execution:
    """The engine of this process, with its background tasks; drained on exit."""
    background = Background()
    stack.push_async_callback(background.close)
    metrics = telemetry.metrics
    liveness = await _open_liveness(stack, settings, store, metrics, slots)
    formats, room = work.formats.formats, slots or settings.max_runs
    quota = _quota(settings, store, formats)
    budgets = Budgets(work.ledgers, store.usage)
    executor = Executor(
        store.log,
        RunFinalizer(store.owned_runs, work.formats, budgets, store.cache),
        budgets,
        telemetry.observers,
        AttemptTools(
            formats=work.formats,
            sources=SourceReader(store.log, store.runs, store.owned_runs, store.cache, quota),
            recorder=work.recorder,
            on_section_end=RowUpdates(budgets, store.owned_runs, background).on_section_end,
            run_seconds=settings.run_timeout,
            max_crashes=settings.max_resumes,
            starts=StartLine(work.models.turns),
        ),
        merge_seconds=settings.merge_ms / 1000,
    )
    engine = InlineEngine(
        executor,
        store.runs,
        liveness,
        runs=local.runs,
        audience=local.audience,
        metrics=metrics,
        max_runs=room,
    )
    stops = every(POLL_EVERY_SECONDS, engine.poll_stop_requests, name="stop_requests")
    await stack.enter_async_context(stops)
    looks = every(local.audience.every_seconds, engine.check_audience, name="audience")
    await stack.enter_async_context(looks)
    stack.push_async_callback(engine.drain, settings.shutdown_grace)
    metrics.track(active=lambda: engine.active, room=room, readers=lambda: local.audience.count)
    if store.jobs is not None:
        queue, worker = _open_queue(settings, store, metrics, formats, local.runs, engine, liveness, slots)
        return Execution(queue, NoRecovery(), quota, worker)
    recovery = Recovery(
        store.runs,
        OrphanDetector(liveness, local.runs.__contains__),
        engine,
        formats=formats,
        max_crashes=settings.max_resumes,
        metrics=metrics,
    )
    return Execution(engine, recovery, quota)


def _open_queue(
    settings: Settings,
    store: Store,
    metrics: Metrics,
    formats: Mapping[str, AnyFormat],
    runs: LocalRuns,
    engine: InlineEngine,
    liveness: Liveness,
    slots: int | None,
) -> "tuple[Engine, Worker | None]":
    """The queue, and its worker where there are `slots`. `engine` executes what the worker takes, and ends what nobody
    else does."""
    # An extra, which may not be installed.
    from backend.log.postgres import PostgresLog
    from backend.runs.engine.queue import QueueEngine
    from backend.runs.engine.worker import Worker, WorkerTools
    from backend.store.postgres.database import make_dsn

    assert isinstance(store.log, PostgresLog)
    queue = QueueEngine(engine, liveness, store.runs, store.log, metrics)
    if slots is None or store.jobs is None or not isinstance(liveness, HeartbeatLiveness):
        return queue, None
    tools = WorkerTools(engine, runs, store.runs, store.jobs, liveness, formats, metrics)
    return queue, Worker(make_dsn(settings.sql_url), tools, slots)


async def _open_liveness(
    stack: AsyncExitStack, settings: Settings, store: Store, metrics: Metrics, slots: int | None
) -> Liveness:
    if store.jobs is None:
        locks = FileLiveness(settings.state_dir / PROCESSES)
        stack.push_async_callback(locks.leave)
        return locks
    process = await store.jobs.register(slots)
    if (lease := store.jobs.lease_seconds) != settings.lease_seconds:
        log.warning(
            "lease_of_others",
            used=lease,
            reason=f"STORYWIRE_LEASE_SECONDS={settings.lease_seconds:g} isn't used: other processes on the database "
            f"go by {lease:g} seconds, and all have to go by the same; to change it, stop all of them first",
        )
    heartbeats = HeartbeatLiveness(process, store.jobs, lease)
    stack.push_async_callback(logged, heartbeats.leave, "unregister")
    # A process that executes no runs looks after those of others: it is there when many workers die at once.
    redelivery = Redelivery(store.jobs, heartbeats, metrics)
    beat = redelivery.beat if slots is None else heartbeats.beat
    await stack.enter_async_context(every(heartbeats.beat_seconds, beat, name="heartbeat"))
    await stack.enter_async_context(every(_PLACES_SECONDS, store.jobs.state_places, name="queue_places"))
    look = partial(_measure_queue, store.jobs, metrics)
    await stack.enter_async_context(every(_MEASURE_SECONDS, look, name="queue_state"))
    return heartbeats


async def _measure_queue(jobs: JobRepository, metrics: Metrics) -> None:
    state = await jobs.state()
    metrics.on_queue(state.queued, state.oldest_seconds, state.workers, state.lease_age)


def _quota(settings: Settings, store: Store, formats: Mapping[str, AnyFormat]) -> Quota:
    limits = {name: monthly_limit_of(format) for name, format in formats.items()}
    return Quota(store.charges, limits, allowance=_allowance(settings))


def _allowance(settings: Settings) -> Allowance | None:
    if not settings.has_accounts:
        return None
    return Allowance(
        settings.account_runs,
        settings.account_runs_day,
        settings.account_usd_month,
        settings.account_runs_month,
    )
