"""Going back in a graph: from a checkpoint before a section, with something edited, only what follows is written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import StateSnapshot

from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from backend.store.sqlite.checkpoints import open_checkpoints
from tests.fakes.provider import FakeProvider
from tests.service import settings_for
from workflows.formats.registry import list_formats
from workflows.graph import Graph, build_graph
from workflows.models.clients.catalog import ModelCatalog
from workflows.state import RunContext

THREAD = RunnableConfig(configurable={"thread_id": "t"})
ASKED: dict[str, Any] = {"input": {"theme": "the moon", "reader": {"name": "Maya", "age": 7}}}


@asynccontextmanager
async def _checkpoints(kind: str, folder: Path) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    if kind == "memory":
        yield MemoryCheckpoints()
    else:
        async with open_checkpoints(folder) as saver:
            yield saver


@asynccontextmanager
async def _graph(kind: str, folder: Path, provider: FakeProvider) -> AsyncIterator[Graph]:
    models = ModelCatalog(settings_for(provider, folder))
    async with _checkpoints(kind, folder) as checkpoints:
        yield build_graph(list_formats()["story"], models, checkpoints)
    await models.close()


async def _before_section(graph: Graph, index: int) -> StateSnapshot:
    """The checkpoint from which the sections after `index` were handed out."""
    async for snapshot in graph.aget_state_history(THREAD):
        if snapshot.next == ("generate_content",) and len(snapshot.values["sections"]) == index:
            return snapshot
    raise AssertionError(f"there is no checkpoint before section {index}")


def _prose(provider: FakeProvider, since: int) -> list[str]:
    """The prompts of sections that were asked for since."""
    return [call.prompt_text for call in provider.calls[since:] if "response_format" not in call.body]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_fork_with_an_edited_plan_writes_only_what_follows(
    kind: str, provider: FakeProvider, tmp_path: Path
) -> None:
    async with _graph(kind, tmp_path, provider) as graph:
        first = await graph.ainvoke(ASKED, THREAD)
        made = len(provider.calls)
        point = await _before_section(graph, 2)
        outline = point.values["outline"]
        edited = [
            {**planned, "summary": "They meet a whale."} if planned["index"] == 2 else planned
            for planned in outline["sections"]
        ]
        fork = await graph.aupdate_state(
            point.config, {"outline": {**outline, "sections": edited}}, as_node="dispatch"
        )
        assert (await graph.aget_state(fork)).next == ("generate_content",)
        second = await graph.ainvoke(None, fork)
        history = [snapshot async for snapshot in graph.aget_state_history(THREAD)]

    prompts = _prose(provider, made)
    assert len(prompts) == len(first["sections"]) - 2
    assert "They meet a whale." in prompts[0]
    assert [second["sections"][index] for index in (0, 1)] == [first["sections"][index] for index in (0, 1)]
    assert sorted(second["sections"]) == sorted(first["sections"])
    assert second["outline"]["sections"][2]["summary"] == "They meet a whale."
    assert second["metadata"]["word_count"] > 0
    # The first way is still there, whole.
    assert any(s.values.get("metadata") and s.values["outline"] == outline for s in history)


async def test_fork_with_an_edited_section_as_json_brings_it_keeps_it_and_goes_on_from_it(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with _graph("memory", tmp_path, provider) as graph:
        first = await graph.ainvoke(ASKED, THREAD)
        made = len(provider.calls)
        point = await _before_section(graph, 2)
        edited: Any = {"1": {"index": 1, "text": "The lamp went out, and a whale sang."}}
        fork = await graph.aupdate_state(point.config, {"sections": edited}, as_node="dispatch")
        second = await graph.ainvoke(None, fork)

    assert second["sections"][0] == first["sections"][0]
    assert second["sections"][1]["text"] == "The lamp went out, and a whale sang."
    assert sorted(second["sections"]) == sorted(first["sections"])
    assert "a whale sang" in _prose(provider, made)[0]


async def test_another_text_on_the_same_thread_keeps_nothing_of_the_one_before(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with _graph("memory", tmp_path, provider) as graph:
        await graph.ainvoke(ASKED, THREAD)
        made = len(provider.calls)
        second = await graph.ainvoke({"input": {**ASKED["input"], "theme": "a desert"}}, THREAD)

    assert len(_prose(provider, made)) == len(second["sections"])
    assert len(second["spent"]) == len(provider.calls) - made


async def test_another_text_on_the_same_thread_begins_with_nothing_but_its_plan(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with _graph("memory", tmp_path, provider) as graph:
        first = await graph.ainvoke(ASKED, THREAD)
        # It stops after the plan, for a person to look at it.
        await graph.ainvoke(ASKED, THREAD, context=RunContext(review_outline=True))
        second = (await graph.aget_state(THREAD)).values

    assert first["results"] and first["metadata"] and first["lengths"] and first["safety"]["stage"] == "final"
    for name in ("sections", "lengths", "judged", "facts", "pieces", "results", "metadata"):
        assert second[name] == {}, name
    assert (second["safety"]["stage"], second["safety"]["approved"]) == ("input", True)
    assert [spent["role"] for spent in second["spent"]] == ["outline"]
