"""The one place that opens things, and closes them in the opposite order."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.documents.documents import Documents
from backend.documents.extraction import Extraction
from backend.library.children import Children
from backend.library.finders import story_finders
from backend.library.sessions import Sessions
from backend.log.sql import SqlLog
from backend.runs.accounts import Accounts
from backend.runs.admission import Admission, format_of
from backend.runs.background import Background, every, logged
from backend.runs.cache import ResultCache, cache_key
from backend.runs.execution import LISTEN_EVERY_SECONDS, InlineExecution
from backend.runs.executor import Executor
from backend.runs.housekeeping import EVERY_SECONDS, Housekeeping
from backend.runs.presence import Presence
from backend.runs.quota import Quota
from backend.runs.readiness import Readiness
from backend.runs.recorder import Recorder
from backend.runs.runs import Runs
from backend.runs.shares import Shares
from backend.settings import Settings
from backend.sight.attempt import Sight, Tracing
from backend.sight.measures import Measures
from backend.sight.prometheus import PrometheusMeasures
from backend.store.cache import CacheRepository
from backend.store.checkpoints import CHECKPOINTS, open_checkpoints
from backend.store.children import ChildRepository
from backend.store.database import Database
from backend.store.documents import DocumentRepository
from backend.store.library import Finder, StoredLibrary
from backend.store.personas import PersonaRepository
from backend.store.runs import Run, RunRepository
from backend.store.sessions import SessionRepository
from backend.store.shares import ShareRepository
from backend.store.usage import UsageRepository
from workflows.errors import StorywireError
from workflows.formats.base import AnyFormat
from workflows.formats.personal import find_personal
from workflows.formats.registry import list_formats
from workflows.graph import build_graph
from workflows.models.catalog import ModelCatalog
from workflows.models.ledger import Ledgers
from workflows.models.prices import PriceBook
from workflows.models.spec import ModelSpec
from workflows.safety.policy import Policy
from workflows.safety.registry import PolicyRegistry

_LAST_TRACES_SECONDS = 2.0
"""What a system of traces gets for its last steps when the service stops."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a process of the service works with."""

    settings: Settings
    formats: dict[str, AnyFormat]
    models: ModelCatalog
    policies: PolicyRegistry
    database: Database
    execution: InlineExecution
    runs: Runs
    quota: Quota
    shares: Shares
    personas: PersonaRepository
    documents: Documents
    housekeeping: Housekeeping
    children: Children
    sessions: Sessions
    usage: UsageRepository
    measures: Measures
    readiness: Readiness


@asynccontextmanager
async def open_resources(settings: Settings, record_to: Path | None = None) -> AsyncIterator[Resources]:
    """Opens everything; on leaving, runs get `shutdown_grace` to finish their sections, then all is closed.

    With `record_to` the one run that is executed is recorded in that file, whatever the settings say.
    """
    async with AsyncExitStack() as stack:
        for folder in (settings.data_dir, settings.state_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = Database(settings.sql_url)
        stack.push_async_callback(database.close)
        background = Background()
        stack.push_async_callback(background.close)
        await database.migrate()
        measures = PrometheusMeasures() if settings.metrics else Measures()
        tracings: list[Tracing] = []
        stack.push_async_callback(_close_tracings, tracings)
        await _open_tracings(settings, tracings)
        run_log = SqlLog(database, measures.appended)
        stack.push_async_callback(run_log.close)
        checkpoints = await stack.enter_async_context(open_checkpoints(settings.state_dir))
        models = ModelCatalog(settings)
        stack.push_async_callback(models.close)
        presence = Presence(settings.state_dir / "processes")
        stack.callback(presence.leave)

        formats = {name: format.configure(settings) for name, format in list_formats().items()}
        policies = PolicyRegistry(settings.policy_dir)
        repository = RunRepository(database)
        recorder = _recorder(settings, models, record_to)
        personas, documents = PersonaRepository(database), DocumentRepository(database)
        finders: dict[str, Finder] = {"persona": personas.look_up, "document": documents.look_up}
        library = StoredLibrary(finders)
        ledgers = Ledgers(PriceBook(settings.prices))
        usage = UsageRepository(database)

        def policy_of(run: Run) -> Policy:
            format = format_of(formats, run)
            given = format.parse(run.input)
            return policies.apply(format.policy(given), given)

        def key_of(run: Run) -> str | None:
            if run.format not in formats:  # it ended before its package went
                return None
            called = models.selection.called_by(ModelSpec.parse(run.model))
            return cache_key(formats[run.format], run, called, policy_of(run))

        cache = ResultCache(CacheRepository(database), repository, run_log, key_of, settings.cache_ttl)
        quota = Quota(repository, {name: format.monthly_limit for name, format in formats.items()})
        executor = Executor(
            graphs={
                name: build_graph(
                    format,
                    models,
                    checkpoints,
                    policies,
                    library,
                    settings.revisions,
                    ledgers,
                    settled=checkpoints.settled,
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
            admission=Admission(formats, models, policies, library, ledgers.prices, settings.budget_usd),
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
        child_repository, session_repository = ChildRepository(database), SessionRepository(database)
        finders |= story_finders(child_repository, session_repository, runs)
        children = Children(child_repository, session_repository, repository, runs, policies)
        sessions = Sessions(session_repository, repository, runs, children)
        measures.follow(active=lambda: execution.active, room=settings.max_runs, readers=lambda: runs.readers)
        readiness = Readiness(
            execution,
            models,
            {
                "log": (settings.database_file, "log_entries"),
                "checkpoints": (settings.state_dir / CHECKPOINTS, "checkpoints"),
            },
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
            personas=personas,
            documents=Documents(documents, Extraction(), settings.max_document_bytes),
            housekeeping=housekeeping,
            usage=usage,
            measures=measures,
            readiness=readiness,
            children=children,
            sessions=sessions,
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
    from backend.sight.langsmith import LangSmith, LangSmithAccess  # a second of imports

    key = settings.langsmith_api_key.get_secret_value() if settings.langsmith_api_key else None
    return LangSmith(
        LangSmithAccess(settings.langsmith_endpoint, key, settings.langsmith_project, settings.trace_mask)
    )


def _open_otlp(url: str) -> Tracing:
    from backend.sight.otlp import Otlp  # an extra, which may not be installed

    return Otlp(url)


async def _close_tracings(tracings: list[Tracing]) -> None:
    for tracing in tracings:
        await asyncio.to_thread(tracing.close, _LAST_TRACES_SECONDS)


async def _leave(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
