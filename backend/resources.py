"""Resources of a process, opened in one place and closed in reverse order."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from backend.accounts.people import People, open_people
from backend.accounts.principal import SCOPES
from backend.bounded_pool import BoundedPool
from backend.documents.documents import Documents
from backend.documents.extraction import Extraction
from backend.execution import ProcessState, open_execution
from backend.extensions.base import (
    ServiceContext,
    collect_lookups,
    collect_retained,
    collect_scopes,
    open_parts,
)
from backend.plugins import list_extensions
from backend.runs.admission.quota import Quota
from backend.runs.admission.validation import Admission
from backend.runs.commands import RunCommands
from backend.runs.deletion import RunDeletion
from backend.runs.engine.base import Engine
from backend.runs.engine.local_runs import LocalRuns
from backend.runs.engine.recovery import RunRecovery
from backend.runs.files import RecordingFolders, RunFiles
from backend.runs.housekeeping import EVERY_SECONDS, Housekeeping
from backend.runs.queries import RunQueries
from backend.runs.quotes import Quotes
from backend.runs.readers.audience import Audience
from backend.runs.readiness import Readiness, WorkerReadiness
from backend.runs.retention import EVERY_SECONDS as RETENTION_EVERY_SECONDS
from backend.runs.retention import Retention
from backend.runs.sharing import Sharing
from backend.settings import Settings
from backend.storage import Store, open_store, open_watch
from backend.store.limits import cap_of
from backend.store.reading_places import ReadingPlaceRepository
from backend.store.runs.retention import RetentionRepository
from backend.store.runs.shares import ShareRepository
from backend.store.sql.database import Database
from backend.store.threads import ThreadRepository
from backend.store.usage import UsageRepository
from backend.tasks import every
from backend.telemetry.metrics import Metrics
from backend.telemetry.opening import open_telemetry
from backend.writing import WritingResources, open_work, warming_up
from workflows.formats.base import AnyFormat
from workflows.models.clients.catalog import ModelCatalog
from workflows.safety.policies.registry import PolicyRegistry

if TYPE_CHECKING:
    from backend.runs.engine.worker import Worker

_PartsT = TypeVar("_PartsT")
_RECORDINGS = "recording-folders"
_MOST_ASKED_FOR = 8
"""A text of the longest kind takes seconds: more would wait for a minute."""


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of a process of the service."""

    settings: Settings
    formats: Mapping[str, AnyFormat]
    models: ModelCatalog
    policies: PolicyRegistry
    database: Database
    engine: Engine
    runs: RunCommands
    queries: RunQueries
    recovery: RunRecovery
    quota: Quota
    quotes: Quotes
    sharing: Sharing
    reading_places: ReadingPlaceRepository
    threads: ThreadRepository
    documents: Documents
    housekeeping: Housekeeping
    usage: UsageRepository
    metrics: Metrics
    readiness: Readiness
    people: People
    worker: "Worker | None"
    for_callers: BoundedPool
    """Threads for what callers ask for at once, such as checks of a text and files."""
    parts: Mapping[type, object]
    """The use cases of extensions, by their class."""

    def parts_of(self, kind: type[_PartsT]) -> _PartsT:
        """The use cases of this class, opened by an extension. Raises LookupError."""
        return cast(_PartsT, self.parts[kind])


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """A worker of this process, and what is said of it to the outside."""

    worker: "Worker"
    readiness: WorkerReadiness
    metrics: Metrics


@asynccontextmanager
async def open_resources(settings: Settings, record_to: Path | None = None) -> AsyncIterator[Resources]:
    """Opens all resources; on exit, runs get `shutdown_grace` to finish their sections, then all is closed.

    With `record_to` the one run that is executed is recorded in that file, whatever the settings say.
    """
    async with _open(settings, record_to, None) as resources:
        yield resources


@asynccontextmanager
async def open_worker(settings: Settings, slots: int) -> AsyncIterator[WorkerResources]:
    """Opens a worker that executes so many runs at once, with all that it needs; closed as `open_resources`."""
    async with _open(settings, None, slots) as resources:
        worker = resources.worker
        assert worker is not None
        yield WorkerResources(worker, WorkerReadiness(worker, resources.readiness), resources.metrics)


@asynccontextmanager
async def _open(settings: Settings, record_to: Path | None, slots: int | None) -> AsyncIterator[Resources]:
    async with AsyncExitStack() as stack:
        telemetry = await open_telemetry(stack, settings)
        store = await open_store(stack, settings, telemetry.metrics, is_worker=slots is not None)
        local = ProcessState(LocalRuns(), Audience(store.runs, settings.disconnect_grace))
        work = open_work(stack, settings, store, record_to)
        execution = await open_execution(stack, settings, store, telemetry, work, local, slots)
        engine, quota = execution.engine, execution.quota
        formats, models, prices = work.formats.formats, work.models, work.ledgers.prices
        queries = RunQueries(store.runs, store.log, engine.settle, local.audience, work.formats.language)
        admission = Admission(
            formats, models, work.policies, work.lookups, prices, settings.default_budget_usd
        )
        deletion = RunDeletion(store.runs, engine, formats, find_files(settings, store))
        runs = RunCommands(
            admission,
            store.runs,
            queries,
            engine,
            quota=quota,
            cache=store.cache,
            formats=work.formats,
            deletion=deletion,
        )
        extensions = list_extensions()
        service = ServiceContext(settings, formats, work.policies, runs, queries, store.runs, store.database)
        for area, found in collect_lookups(extensions, service):
            work.lookups.add(found, area)
        shares = ShareRepository(store.database, cap_of(settings, "shares"))
        housekeeping = await start_housekeeping(stack, settings, store, shares)
        await start_retention(stack, settings, service)
        scopes = collect_scopes(extensions, SCOPES)
        watch = open_watch(stack, settings, store.database)
        people = await stack.enter_async_context(open_people(settings, store.database, watch, runs, scopes))
        await stack.enter_async_context(warming_up(work))
        yield Resources(
            settings=settings,
            formats=formats,
            models=models,
            policies=work.policies,
            database=store.database,
            engine=engine,
            runs=runs,
            queries=queries,
            recovery=execution.recovery,
            worker=execution.worker,
            quota=quota,
            quotes=Quotes(admission, queries, store.usage, quota),
            reading_places=ReadingPlaceRepository(store.database),
            threads=ThreadRepository(store.database),
            sharing=Sharing(shares, queries, timedelta(days=settings.share_days)),
            documents=open_documents(settings, store, deletion),
            housekeeping=housekeeping,
            usage=store.usage,
            metrics=telemetry.metrics,
            readiness=make_readiness(engine, work, store),
            people=people,
            for_callers=open_pool(stack),
            parts=open_parts(extensions, service),
        )


def open_documents(settings: Settings, store: Store, deletion: RunDeletion) -> Documents:
    """The use cases of documents."""
    largest = settings.max_document_bytes
    return Documents(store.documents, Extraction(largest), largest, deletion.forget_material)


def open_pool(stack: AsyncExitStack) -> BoundedPool:
    """Threads for callers' work. One: each more would take the interpreter from the streams as often again."""
    refusal = "Too much is being checked or exported at this moment; try again in a few seconds."
    pool = BoundedPool("storywire-callers", 1, _MOST_ASKED_FOR, refusal)
    stack.callback(pool.close)
    return pool


def find_files(settings: Settings, store: Store) -> RunFiles:
    """The files of runs, as far as they aren't in the database."""
    recordings = RecordingFolders(settings.state_dir / _RECORDINGS, settings.record_dir)
    return RunFiles(store.checkpoints if store.jobs is None else None, recordings)


def make_readiness(engine: Engine, work: WritingResources, store: Store) -> Readiness:
    """The checks of what a run needs."""
    return Readiness(
        engine,
        work.models,
        {"log": store.database.check_writable, "checkpoints": store.checkpoints.check_writable},
        look_at_queue=None if store.jobs is None else store.jobs.state,
    )


async def start_housekeeping(
    stack: AsyncExitStack, settings: Settings, store: Store, shares: ShareRepository
) -> Housekeeping:
    """Packs and tidies meanwhile what has ended."""
    housekeeping = Housekeeping(
        store.runs, store.log, store.checkpoints, store.cache, shares, settings.pack_after
    )
    await stack.enter_async_context(every(EVERY_SECONDS, housekeeping.tidy, name="housekeeping"))
    return housekeeping


async def start_retention(stack: AsyncExitStack, settings: Settings, service: ServiceContext) -> None:
    """Deletes meanwhile what is kept for too long, where there is such a limit."""
    if settings.retention_days is None:
        return
    others = collect_retained(list_extensions(), service)
    kept_for = timedelta(days=settings.retention_days)
    retention = Retention(RetentionRepository(service.database), service.runs, others, kept_for)
    await stack.enter_async_context(every(RETENTION_EVERY_SECONDS, retention.apply, name="retention"))
