"""Resources of a process, opened in one place and closed in reverse order."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from backend.accounts.people import People, open_people
from backend.accounts.principal import SCOPES
from backend.documents.documents import Documents
from backend.documents.extraction import Extraction
from backend.execution import ProcessState, WritingResources, open_execution
from backend.extensions.base import (
    ServiceContext,
    collect_lookups,
    collect_retained,
    collect_scopes,
    open_parts,
)
from backend.lookups import StoredLookups
from backend.plugins import list_extensions
from backend.runs.admission.quota import Quota
from backend.runs.admission.validation import Admission
from backend.runs.attempt.recording import RecordingFolders, RunRecorder, recording_of
from backend.runs.commands import RunCommands, RunFiles
from backend.runs.engine.base import Engine
from backend.runs.engine.local_runs import LocalRuns
from backend.runs.engine.recovery import RunRecovery
from backend.runs.formats import RunFormats
from backend.runs.housekeeping import EVERY_SECONDS, Housekeeping
from backend.runs.queries import RunQueries
from backend.runs.quoting import Quotes
from backend.runs.readers.audience import Audience
from backend.runs.readiness import Readiness, WorkerReadiness
from backend.runs.retention import EVERY_SECONDS as RETENTION_EVERY_SECONDS
from backend.runs.retention import Retention
from backend.runs.sharing import Sharing
from backend.settings import Settings
from backend.storage import Store, open_store
from backend.store.database import Database
from backend.store.limits import cap_of
from backend.store.reading_places import ReadingPlaceRepository
from backend.store.retention import RetentionRepository
from backend.store.shares import ShareRepository
from backend.store.usage import UsageRepository
from backend.tasks import every, logged
from backend.telemetry.metrics import Metrics
from backend.telemetry.opening import open_telemetry
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import configured
from workflows.formats.registry import list_formats
from workflows.graph import build_graph
from workflows.models.budget.ledger import Ledgers
from workflows.models.budget.prices import PriceRegistry
from workflows.models.clients.catalog import ModelCatalog
from workflows.safety.registry import PolicyRegistry

if TYPE_CHECKING:
    from backend.runs.engine.worker import Worker

_PartsT = TypeVar("_PartsT")
_RECORDINGS = "recording-folders"


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
    documents: Documents
    housekeeping: Housekeeping
    usage: UsageRepository
    metrics: Metrics
    readiness: Readiness
    people: People
    worker: "Worker | None"
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
        prices = PriceRegistry(settings.prices)
        work = open_work(stack, settings, store, prices, record_to)
        execution = await open_execution(stack, settings, store, telemetry, work, local, slots)
        engine, quota = execution.engine, execution.quota
        language_of = work.formats.language
        queries = RunQueries(store.runs, store.log, engine.settle, local.audience, prices, language_of)
        admission = make_admission(settings, work, prices)
        recordings = RecordingFolders(settings.state_dir / _RECORDINGS, settings.record_dir)
        files = RunFiles(store.checkpoints if store.jobs is None else None, recordings)
        runs = make_commands(admission, store, queries, engine, quota, work, files)
        extensions = list_extensions()
        service = ServiceContext(
            settings, work.formats.formats, work.policies, runs, queries, store.runs, store.database
        )
        for area, found in collect_lookups(extensions, service):
            work.lookups.add(found, area)
        shares = ShareRepository(store.database, cap_of(settings, "shares"))
        housekeeping = Housekeeping(
            store.runs, store.log, store.checkpoints, store.cache, shares, settings.pack_after
        )
        await stack.enter_async_context(every(EVERY_SECONDS, housekeeping.tidy, name="housekeeping"))
        await start_retention(stack, settings, runs, service)
        scopes = collect_scopes(extensions, SCOPES)
        people = await stack.enter_async_context(open_people(settings, store.database, runs, scopes))
        await stack.enter_async_context(_warming_up(work.models, prices))
        yield Resources(
            settings=settings,
            formats=work.formats.formats,
            models=work.models,
            policies=work.policies,
            database=store.database,
            engine=engine,
            runs=runs,
            queries=queries,
            recovery=execution.recovery,
            worker=execution.worker,
            quota=quota,
            quotes=Quotes(admission, store.usage, quota),
            reading_places=ReadingPlaceRepository(store.database),
            sharing=Sharing(shares, queries, timedelta(days=settings.share_days)),
            documents=Documents(
                store.documents, Extraction(settings.max_document_bytes), settings.max_document_bytes
            ),
            housekeeping=housekeeping,
            usage=store.usage,
            metrics=telemetry.metrics,
            readiness=Readiness(
                engine,
                work.models,
                {"log": store.database.check_writable, "checkpoints": store.checkpoints.check_writable},
                look_at_queue=None if store.jobs is None else store.jobs.state,
            ),
            people=people,
            parts=open_parts(extensions, service),
        )


async def start_retention(
    stack: AsyncExitStack, settings: Settings, runs: RunCommands, service: ServiceContext
) -> None:
    """Deletes meanwhile what is kept for too long, where there is such a limit."""
    if settings.retention_days is None:
        return
    others = collect_retained(list_extensions(), service)
    kept_for = timedelta(days=settings.retention_days)
    retention = Retention(RetentionRepository(service.database), runs, others, kept_for)
    await stack.enter_async_context(every(RETENTION_EVERY_SECONDS, retention.apply, name="retention"))


def make_admission(settings: Settings, work: WritingResources, prices: PriceRegistry) -> Admission:
    """The checks of requests before a run is stored."""
    return Admission(
        work.formats.formats, work.models, work.policies, work.lookups, prices, settings.default_budget_usd
    )


def make_commands(
    admission: Admission,
    store: Store,
    queries: RunQueries,
    engine: Engine,
    quota: Quota,
    work: WritingResources,
    files: RunFiles,
) -> RunCommands:
    """The commands of runs."""
    return RunCommands(
        admission,
        store.runs,
        queries,
        engine,
        quota=quota,
        cache=store.cache,
        cache_key=work.formats.cache_key,
        files=files,
    )


def open_work(
    stack: AsyncExitStack,
    settings: Settings,
    store: Store,
    prices: PriceRegistry,
    record_to: Path | None,
) -> WritingResources:
    """The models, the formats with their graphs, and the lookups."""
    models, policies, ledgers = ModelCatalog(settings), PolicyRegistry(settings.policy_dir), Ledgers(prices)
    stack.push_async_callback(models.close)
    lookups = StoredLookups({"document": store.documents.look_up})
    formats = {name: configured(format, settings.of_format(name)) for name, format in list_formats().items()}
    graphs = {
        name: build_graph(
            format,
            models,
            store.checkpoints,
            policies,
            lookups,
            settings.revisions,
            ledgers,
            settings.context_words,
        )
        for name, format in formats.items()
    }
    recorder = _recorder(settings, models, record_to)
    run_formats = RunFormats(formats, graphs, models, policies, settings.time_zone)
    return WritingResources(models, ledgers, policies, lookups, run_formats, recorder)


def _recorder(settings: Settings, models: ModelCatalog, record_to: Path | None) -> RunRecorder | None:
    folder = settings.record_dir
    if record_to is not None:
        return RunRecorder(models, lambda _: record_to)
    return None if folder is None else RunRecorder(models, lambda run_id: recording_of(folder, run_id))


@asynccontextmanager
async def _warming_up(models: ModelCatalog, prices: PriceRegistry) -> AsyncIterator[None]:
    """Loads in the background what the first run would wait for."""

    async def warm_up() -> None:
        await models.warm_up()
        await asyncio.to_thread(prices.find, models.default())  # reads the list of all prices

    task = asyncio.create_task(logged(warm_up, "warm_up"))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
