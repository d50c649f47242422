"""How an attempt at a run ended, in the table of runs."""

from collections.abc import Mapping
from typing import Literal, cast

from langgraph.types import StateSnapshot

from backend.runs.attempt.version_seed import plan_of
from backend.runs.results.cache import ResultCache
from backend.store.runs import Run, RunRepository, Status
from backend.telemetry.metrics import Outcome
from workflows.errors import Cancelled
from workflows.graph import Graph
from workflows.messages.messages import Message, RunCompleted, RunFailed
from workflows.messages.transcript import Transcript
from workflows.state import State


class Endings:
    """Stores them. The run's last message is in the log already: if this fails, it is mended from there."""

    def __init__(self, graphs: Mapping[str, Graph], repository: RunRepository, cache: ResultCache) -> None:
        self._graphs = graphs
        self._repository = repository
        self._cache = cache

    async def store(self, run: Run, ending: Message | None, transcript: Transcript) -> Outcome:
        """`ending` is the run's last message; None when it isn't over."""
        match ending:
            case RunCompleted():
                await self._store_result(run, ending)
                return "completed"
            case RunFailed() as data:
                status: Literal["cancelled", "failed"]
                status = "cancelled" if data.code == Cancelled.code else "failed"
                await self._repository.finish(
                    run.id,
                    status,
                    error=data.model_dump(),
                    title=_title(transcript),
                    words=data.partial.words,
                )
                return status
            case _:
                return await self._store_pause(run, transcript)

    async def _store_result(self, run: Run, ending: RunCompleted) -> None:
        result = ending.model_dump(mode="json", exclude_none=True)
        words = sum(section.words for section in ending.sections)
        told = {"result": result, "title": ending.title, "words": words}
        if ending.cached:  # its plan came with the result
            await self._repository.finish(run.id, "completed", **told)
            return
        snapshot = await self._snapshot(run)
        plan = plan_of(cast(State, snapshot.values)) if snapshot else {}
        await self._repository.finish(run.id, "completed", plan=plan or None, **told)
        await self._cache.keep(run)

    async def _store_pause(self, run: Run, transcript: Transcript) -> Outcome:
        snapshot = await self._snapshot(run)
        status: Status = "waiting" if snapshot and snapshot.interrupts else "running"
        await self._repository.update(
            run.id, status=status, process=None, title=_title(transcript), words=transcript.words
        )
        return "waiting" if status == "waiting" else "interrupted"

    async def _snapshot(self, run: Run) -> StateSnapshot | None:
        """What the graph has; None for a format whose package has gone."""
        if run.format not in self._graphs:
            return None
        return await self._graphs[run.format].aget_state({"configurable": {"thread_id": run.id}})


def _title(transcript: Transcript) -> str | None:
    return transcript.outline.title if transcript.outline else None
