"""The one place that opens things, and closes them in the opposite order."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from backend.documents.documents import Documents
from backend.documents.extraction import Extraction
from backend.extensions.base import ServiceContext, collect_lookups, open_parts
from backend.extensions.registry import list_extensions
from backend.log.sqlite import SqliteLog
from backend.lookups import StoredLookups
from backend.runs.admission.quota import Quota
from backend.runs.admission.validation import Admission, format_of
from backend.runs.attempt.budget import Accounts
from backend.runs.attempt.executor import Executor
from backend.runs.attempt.recording import Recorder
from backend.runs.engine.inline import LISTEN_EVERY_SECONDS, InlineExecution
from backend.runs.engine.liveness import Presence
from backend.runs.housekeeping import EVERY_SECONDS, Housekeeping
from backend.runs.readiness import Readiness
from backend.runs.results.cache import ResultCache, cache_key
from backend.runs.service import Runs
from backend.runs.sharing import Shares
from backend.settings import Settings
from backend.store.cache import CacheRepository
from backend.store.database import Database
from backend.store.documents import DocumentRepository
from backend.store.folders import open_folders
from backend.store.runs import Run, RunRepository
from backend.store.shares import ShareRepository
from backend.store.sqlite import SqliteDatabase
from backend.store.sqlite_checkpoints import open_checkpoints
from backend.store.usage import UsageRepository
from backend.tasks import Background, every, logged
from backend.telemetry.metrics import Measures
from backend.telemetry.observers import Sight, Tracing
from backend.telemetry.prometheus import PrometheusMeasures
from workflows.errors import StorywireError
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import configured, monthly_limit_of
from workflows.formats.registry import list_formats
from workflows.graph import build_graph
from workflows.models.budget.ledger import Ledgers
from workflows.models.budget.prices import PriceBook
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.spec import ModelSpec
from workflows.safety.book import PolicyBook
from workflows.safety.personal_fields import find_personal
from workflows.safety.policy import Policy

_PartsT = TypeVar("_PartsT")
_LAST_TRACES_SECONDS = 2.0
"""What a system of traces gets for its last steps when the service stops."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a process of the service works with."""

    settings: Settings
    formats: dict[str, AnyFormat]
    models: ModelCatalog
    policies: PolicyBook
    database: Database
    execution: InlineExecution
    runs: Runs
    quota: Quota
    shares: Shares
    documents: Documents
    housekeeping: Housekeeping
    usage: UsageRepository
    measures: Measures
    readiness: Readiness
    parts: Mapping[type, object]
    """The use cases of extensions, by their class."""

    def parts_of(self, kind: type[_PartsT]) -> _PartsT:
        """The use cases of this class, which an extension has opened. Raises LookupError."""
        return cast(_PartsT, self.parts[kind])


@asynccontextmanager
async def open_resources(settings: Settings, record_to: Path | None = None) -> AsyncIterator[Resources]:
    """Opens everything; on leaving, runs get `shutdown_grace` to finish their sections, then all is closed.

    With `record_to` the one run that is executed is recorded in that file, whatever the settings say.
    """
    async with AsyncExitStack() as stack:
        open_folders(settings)
        database = SqliteDatabase(settings.sql_url)
        stack.push_async_callback(database.close)
        background = Background()
        stack.push_async_callback(background.close)
        await database.migrate()
        measures = PrometheusMeasures() if settings.metrics else Measures()
        tracings: list[Tracing] = []
        stack.push_async_callback(_close_tracings, tracings)
        await _open_tracings(settings, tracings)
        run_log = SqliteLog(database, measures.appended)
        stack.push_async_callback(run_log.close)
        checkpoints = await stack.enter_async_context(open_checkpoints(settings.state_dir))
        models = ModelCatalog(settings)
        stack.push_async_callback(models.close)
        presence = Presence(settings.state_dir / "processes")
        stack.callback(presence.leave)

        formats = {
            name: configured(format, settings.of_format(name)) for name, format in list_formats().items()
        }
        policies = PolicyBook(settings.policy_dir)
        repository = RunRepository(database)
        recorder = _recorder(settings, models, record_to)
        documents = DocumentRepository(database)
        lookups = StoredLookups({"document": documents.look_up})
        ledgers = Ledgers(PriceBook(settings.prices))
        usage = UsageRepository(database)

        def policy_of(run: Run) -> Policy:
            format = format_of(formats, run)
            return policies.apply(format.policy(format.parse(run.input)))

        def key_of(run: Run) -> str | None:
            if run.format not in formats:  # it ended before its package went
                return None
            called = models.selection.called_by(ModelSpec.parse(run.model))
            return cache_key(formats[run.format], run, called, policy_of(run))

        cache = ResultCache(CacheRepository(database), repository, run_log, key_of, settings.cache_ttl)
        quota = Quota(repository, {name: monthly_limit_of(format) for name, format in formats.items()})
        executor = Executor(
            graphs={
                name: build_graph(
                    format,
                    models,
                    checkpoints,
                    policies,
                    lookups,
                    settings.revisions,
                    ledgers,
                )
                for name, format in formats.items()
            },
            run_log=run_log,
            repository=repository,
            recorder=recorder,
            policy_of=policy_of,
            accounts=Accounts(ledgers, usage),
            cache=cache,
            quota=quota,
            sight=Sight(measures, tracings),
            personal_of=lambda run: _personal(formats, run),
            background=background,
            merge_seconds=settings.merge_ms / 1000,
            run_timeout=settings.run_timeout,
        )
        execution = InlineExecution(executor, repository, presence.id, settings.max_runs, measures)
        await stack.enter_async_context(every(LISTEN_EVERY_SECONDS, execution.listen, name="stop_requests"))
        stack.push_async_callback(execution.drain, settings.shutdown_grace)
        runs = Runs(
            admission=Admission(formats, models, policies, lookups, ledgers.prices, settings.budget_usd),
            repository=repository,
            log=run_log,
            checkpoints=checkpoints,
            execution=execution,
            presence=presence,
            measures=measures,
            disconnect_grace=settings.disconnect_grace,
            cache=cache,
            quota=quota,
            max_resumes=settings.max_resumes,
            background=background,
            recorder=recorder,
        )
        extensions = list_extensions()
        service = ServiceContext(settings, formats, policies, runs, repository, database)
        for found in collect_lookups(extensions, service):
            lookups.add(found)
        measures.follow(active=lambda: execution.active, room=settings.max_runs, readers=lambda: runs.readers)
        readiness = Readiness(
            execution,
            models,
            {"log": database.check_writable, "checkpoints": checkpoints.check_writable},
        )
        housekeeping = Housekeeping(repository, run_log, checkpoints, cache, settings.pack_after)
        await stack.enter_async_context(every(EVERY_SECONDS, housekeeping.tidy, name="housekeeping"))
        warming = asyncio.create_task(logged(lambda: _warm_up(models, ledgers.prices), "warm_up"))
        stack.push_async_callback(_leave, warming)
        yield Resources(
            settings=settings,
            formats=formats,
            models=models,
            policies=policies,
            database=database,
            execution=execution,
            runs=runs,
            quota=quota,
            shares=Shares(ShareRepository(database), runs),
            documents=Documents(
                documents, Extraction(settings.max_document_bytes), settings.max_document_bytes
            ),
            housekeeping=housekeeping,
            usage=usage,
            measures=measures,
            readiness=readiness,
            parts=open_parts(extensions, service),
        )


def _recorder(settings: Settings, models: ModelCatalog, record_to: Path | None) -> Recorder | None:
    folder = settings.record_dir
    if record_to is not None:
        return Recorder(models, lambda _: record_to)
    return None if folder is None else Recorder(models, lambda run_id: folder / f"{run_id}.jsonl")


async def _warm_up(models: ModelCatalog, prices: PriceBook) -> None:
    await models.warm_up()
    await asyncio.to_thread(prices.find, models.default())  # reads the list of all prices


def _personal(formats: Mapping[str, AnyFormat], run: Run) -> list[str] | None:
    try:
        return find_personal(format_of(formats, run).parse(run.input))
    except StorywireError:  # stored by a version that took other inputs, or by a package that has gone
        return None


async def _open_tracings(settings: Settings, tracings: list[Tracing]) -> None:
    if settings.langsmith_tracing:
        tracings.append(await asyncio.to_thread(_open_langsmith, settings))
    if settings.otlp is not None:
        tracings.append(await asyncio.to_thread(_open_otlp, settings.otlp))


def _open_langsmith(settings: Settings) -> Tracing:
    from backend.telemetry.langsmith import LangSmith, LangSmithAccess  # a second of imports

    key = settings.langsmith_api_key.get_secret_value() if settings.langsmith_api_key else None
    return LangSmith(
        LangSmithAccess(settings.langsmith_endpoint, key, settings.langsmith_project, settings.trace_mask)
    )


def _open_otlp(url: str) -> Tracing:
    from backend.telemetry.otlp import Otlp  # an extra, which may not be installed

    return Otlp(url)


async def _close_tracings(tracings: list[Tracing]) -> None:
    for tracing in tracings:
        await asyncio.to_thread(tracing.close, _LAST_TRACES_SECONDS)


async def _leave(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
