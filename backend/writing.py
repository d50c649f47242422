"""Resources for writing runs: models, formats with their graphs, lookups."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backend.lookups import StoredLookup, StoredLookups
from backend.runs.attempt.recording import RunRecorder
from backend.runs.files import recording_of
from backend.runs.formats import RunFormats
from backend.settings import Settings
from backend.storage import Store
from backend.store.schema.tables import documents
from backend.tasks import logged
from workflows.formats.defaults import configured
from workflows.formats.registry import list_formats
from workflows.graph import Graph, build_graph
from workflows.models.budget.ledger import Ledgers
from workflows.models.budget.prices import PriceRegistry
from workflows.models.clients.catalog import ModelCatalog
from workflows.safety.policies.registry import PolicyRegistry


@dataclass(frozen=True, slots=True)
class WritingResources:
    """Models, formats with their graphs, lookups: what an attempt at a run works with."""

    models: ModelCatalog
    ledgers: Ledgers
    policies: PolicyRegistry
    lookups: StoredLookups
    formats: RunFormats
    recorder: RunRecorder | None


def open_work(
    stack: AsyncExitStack,
    settings: Settings,
    store: Store,
    record_to: Path | None,
) -> WritingResources:
    """The models, the formats with their graphs, and the lookups."""
    models, policies = ModelCatalog(settings), PolicyRegistry(settings.policy_dir)
    ledgers = Ledgers(PriceRegistry(settings.prices))
    stack.push_async_callback(models.close)
    lookups = StoredLookups({"document": StoredLookup(store.documents.look_up, documents)})
    formats = {name: configured(format, settings.of_format(name)) for name, format in list_formats().items()}

    @cache  # of the formats that are written, each is built once
    def graph_of(name: str) -> Graph:
        return build_graph(
            formats[name],
            models,
            store.checkpoints,
            policies,
            lookups,
            settings.revisions,
            ledgers,
            settings.context_words,
        )

    recorder = _recorder(settings, models, record_to)
    run_formats = RunFormats(
        formats, graph_of, models, policies, settings.time_zone, lookups, settings.revisions
    )
    return WritingResources(models, ledgers, policies, lookups, run_formats, recorder)


def _recorder(settings: Settings, models: ModelCatalog, record_to: Path | None) -> RunRecorder | None:
    folder = settings.record_dir
    if record_to is not None:
        return RunRecorder(models, lambda _: record_to)
    return None if folder is None else RunRecorder(models, lambda run_id: recording_of(folder, run_id))


@asynccontextmanager
async def warming_up(work: WritingResources) -> AsyncIterator[None]:
    """Loads in the background what the first run would wait for."""

    async def warm_up() -> None:
        await work.models.warm_up()
        await asyncio.to_thread(
            work.ledgers.prices.find, work.models.default()
        )  # reads the list of all prices

    task = asyncio.create_task(logged(warm_up, "warm_up"))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
