"""Everything that executes runs, in a test's own process: real parts, and a format that writes without a model."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from structlog.testing import capture_logs

from backend.log.sql import SqlLog
from backend.lookups import StoredLookups
from backend.runs.admission.quota import Quota
from backend.runs.admission.validation import Admission
from backend.runs.attempt.attempt import AttemptTools
from backend.runs.attempt.budget import Budgets
from backend.runs.attempt.executor import Executor
from backend.runs.attempt.finalize import RunFinalizer
from backend.runs.attempt.row_updates import RowUpdates
from backend.runs.commands import RunCommands
from backend.runs.deletion import RunDeletion
from backend.runs.engine.inline import InlineEngine
from backend.runs.engine.liveness import FileLiveness, Liveness
from backend.runs.engine.local_runs import LocalRuns
from backend.runs.engine.orphans import OrphanDetector
from backend.runs.engine.recovery import Recovery
from backend.runs.files import RunFiles
from backend.runs.formats import RunFormats
from backend.runs.queries import RunQueries
from backend.runs.readers.audience import Audience
from backend.runs.requests import RunRequest
from backend.runs.results.cache import ResultCache
from backend.runs.results.sources import SourceReader
from backend.store.checkpoints.durable_saver import DurableSaver, MemoryCheckpoints
from backend.store.owner import Owner
from backend.store.runs.cache import CacheRepository
from backend.store.runs.charges import ChargeRepository
from backend.store.runs.owned_runs import OwnedRunRepository
from backend.store.runs.runs import Enqueue, RunRepository
from backend.store.schema.run_values import RunOptions
from backend.store.sql.database import Database
from backend.store.usage import UsageRepository
from backend.tasks import Background
from backend.telemetry.metrics import Metrics
from backend.telemetry.observers import Observers
from tests.databases import open_log
from tests.models import settings_of
from workflows.formats.base import Format, Plan
from workflows.graph import build_graph
from workflows.lookups import Lookups
from workflows.messages.messages import PlannedSection, SafetyIssue
from workflows.models.budget.ledger import Ledgers
from workflows.models.budget.prices import Tokens
from workflows.models.clients.catalog import Model, ModelCatalog
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.policies.registry import PolicyRegistry
from workflows.state import Outline, Section, SectionTask, State, text_of
from workflows.text.words import count_words

NOWHERE = "http://127.0.0.1:9"
NOTE = {"about": "the tide"}
OWNER = Owner("maya")


class NoteInput(BaseModel):
    """What a note is about."""

    about: str


class NoteFormat(Format[NoteInput]):
    """A note of two sections. A section waits for its `gates`, and throws its `faults`, one each time.

    `texts` are what sections begin with in place of the usual words. `bought` are the tokens that they report to have
    bought. `left` are the sections whose stream has ended, or was closed. `parts`: the place in a series of the note on
    that subject; the others stand alone.
    """

    name = "note"
    title = "A note"
    Input = NoteInput
    example = NOTE

    def __init__(self) -> None:
        self.gates: dict[int, asyncio.Event] = {}
        self.faults: dict[int, list[Exception]] = {}
        self.begun: dict[int, asyncio.Event] = {0: asyncio.Event(), 1: asyncio.Event()}
        self.written: list[int] = []
        self.left: list[int] = []
        self.texts: dict[int, str] = {}
        self.bought: dict[int, int] = {}
        self.resolved: list[str] = []
        self.parts: dict[str, tuple[str, int]] = {}

    def part_of(self, inputs: NoteInput) -> tuple[str, int] | None:
        """By what it is about."""
        return self.parts.get(inputs.about)

    async def resolve(self, inputs: NoteInput, lookups: Lookups, owner: str) -> NoteInput:
        """As it is: it refers to nothing."""
        del lookups
        self.resolved.append(f"{owner}: {inputs.about}")
        return inputs

    def policy(self, inputs: NoteInput) -> Policy:
        """For everybody."""
        del inputs
        return load_policy("general")

    async def plan(self, inputs: NoteInput, model: Model) -> Plan:
        """Always the same."""
        del model
        sections = [
            PlannedSection(index=index, title=title, summary=title, target_words=10)
            for index, title in enumerate(("Ebb", "Flood"))
        ]
        return Plan(Outline(title=f"On {inputs.about}", sections=sections))

    async def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str]:
        """Ten words, in two chunks."""
        index = task["index"]
        self.written.append(index)
        if index in self.bought and (meter := model.meter) is not None:
            usage = meter.ledger.end(meter.begin([]), Tokens(40, self.bought[index]))
            assert usage is not None
            meter.report(usage)
        try:
            yield self.texts.get(index, f"Section {index} tells of the sea, ")
            self.begun[index].set()
            if index in self.gates:
                await self.gates[index].wait()
            if self.faults.get(index):
                raise self.faults[index].pop(0)
            yield "of wind and of sand."
        finally:
            self.left.append(index)

    async def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str]:
        """By what it was asked for."""
        del task, section, model
        yield f"Rewritten as asked: {issues[0]['advice']}"

    def metrics(self, inputs: NoteInput, state: State) -> dict[str, Any]:
        """The four that every format has."""
        del inputs
        return {
            "word_count": count_words(text_of(state["sections"])),
            "estimated_reading_time": 0.1,
            "vocabulary_level": "beginner",
            "educational_elements": [],
        }


@dataclass
class World:
    """One process of the service, without HTTP."""

    format: NoteFormat
    repository: RunRepository
    log: SqlLog
    liveness: Liveness
    engine: InlineEngine
    queries: RunQueries
    service: RunCommands
    recovery: Recovery
    quota: Quota
    local_runs: LocalRuns
    checkpoints: DurableSaver
    tools: AttemptTools
    budgets: Budgets
    ledgers: Ledgers
    logged: list[Any]
    options: RunOptions = field(default_factory=lambda: RunOptions(keep_length=False))

    def request(self, **options: Any) -> RunRequest:
        """A note."""
        return RunRequest("note", NOTE, self.options.model_copy(update=options))

    async def end(self, run_id: str) -> None:
        """Returns when the run isn't executed here any more."""
        async with asyncio.timeout(20):
            if tasks := self.local_runs.tasks(run_id):
                await asyncio.wait(tasks)


@asynccontextmanager
async def open_world(
    database: Database,
    folder: Path,
    *,
    checkpoints: DurableSaver | None = None,
    max_runs: int = 5,
    max_crashes: int = 3,
    monthly: int | None = None,
    grace: float = 60.0,
    liveness: Liveness | None = None,
    enqueue: Enqueue | None = None,
) -> AsyncIterator[World]:
    """A process on this database; several of them may share the `checkpoints`. `enqueue` is how runs are queued."""
    format, saver = NoteFormat(), checkpoints or MemoryCheckpoints()
    models, policies, ledgers = ModelCatalog(settings_of(NOWHERE, judge="off")), PolicyRegistry(), Ledgers()
    repository = RunRepository(database) if enqueue is None else RunRepository(database, enqueue)
    owned, run_log = OwnedRunRepository(database), open_log(database)
    graph = build_graph(format, models, saver, policies, ledgers=ledgers)
    formats = RunFormats({"note": format}, lambda _: graph, models, policies)
    budgets, background = Budgets(ledgers, UsageRepository(database)), Background()
    cache = ResultCache(CacheRepository(database), repository, ttl=60)
    quota = Quota(ChargeRepository(database), {"note": monthly})
    local_runs, audience = LocalRuns(), Audience(repository, grace)
    liveness = liveness or FileLiveness(folder / "processes")
    tools = AttemptTools(
        formats,
        SourceReader(run_log, repository, owned, cache, quota),
        None,
        RowUpdates(budgets, owned, background).on_section_end,
        run_seconds=30,
        max_crashes=max_crashes,
    )
    finalizer = RunFinalizer(owned, formats, budgets, cache)
    executor = Executor(run_log, finalizer, budgets, Observers(Metrics()), tools, merge_seconds=0.0)
    engine = InlineEngine(
        executor,
        repository,
        liveness,
        runs=local_runs,
        audience=audience,
        metrics=Metrics(),
        max_runs=max_runs,
    )
    queries = RunQueries(repository, run_log, local_runs.settle, audience, formats.language)
    service = RunCommands(
        Admission(formats.formats, models, policies, StoredLookups({}), ledgers.prices, None),
        repository,
        queries,
        engine,
        quota=quota,
        cache=cache,
        formats=formats,
        deletion=RunDeletion(repository, engine, formats.formats, RunFiles(saver, None)),
    )
    recovery = Recovery(
        repository,
        OrphanDetector(liveness, local_runs.__contains__),
        engine,
        formats=formats.formats,
        max_crashes=max_crashes,
        metrics=Metrics(),
    )
    with capture_logs() as logged:  # quick, where a traceback on the terminal isn't
        yield World(
            format,
            repository,
            run_log,
            liveness,
            engine,
            queries,
            service,
            recovery,
            quota,
            local_runs,
            saver,
            tools,
            budgets,
            ledgers,
            logged,
        )
        await engine.drain(0)
        await background.close()
    await liveness.leave()
    await run_log.close()
    await models.close()
