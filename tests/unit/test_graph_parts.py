"""What a format may bring beside its sections: research, facts, pieces. The graph itself, without a service."""

# ruff: noqa: ARG002 — a format that needs neither input nor model

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, ClassVar

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.models import Verdict, settings_of
from workflows.errors import ModelBadOutput
from workflows.formats.base import Format, Plan
from workflows.formats.pieces import PieceText
from workflows.graph import Graph, build_graph
from workflows.messages.messages import (
    FactsGathered,
    NodeChanged,
    PlannedSection,
    SafetyChecked,
    SafetyIssue,
    Source,
    TextAppended,
    TextRetracted,
)
from workflows.models.calls.calls import ask, stream_text
from workflows.models.clients.catalog import Model, ModelCatalog
from workflows.models.settings import ModelSettings
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.state import Facts, Outline, PlannedPiece, RunContext, Section, SectionTask, State, text_of

SOURCE = Source(title="Tides", publisher="Sea", date="2026-01-02", url="https://example.org/")
CONFIG: RunnableConfig = {"configurable": {"thread_id": "1"}}


class BriefInput(BaseModel):
    about: str


class BriefFormat(Format[BriefInput]):
    """Three sections of given words, and what goes with them."""

    name = "brief"
    title = "A brief"
    Input = BriefInput
    example: ClassVar[dict[str, Any]] = {"about": "tides"}
    facts_section = 0

    def __init__(self) -> None:
        self.tasks: list[SectionTask] = []
        self.researched = asyncio.Event()
        self.facts = Facts(canonical_pack={"key_facts": ["It is wet."]}, sources=[SOURCE])
        self.pieces = [("M1", "The short "), ("M1", "form."), ("R1", "Shorter.")]

    def policy(self, inputs: BriefInput) -> Policy:
        return load_policy("child", age=9)

    async def plan(self, inputs: BriefInput, model: Model) -> Plan:
        sections = [
            PlannedSection(index=index, title=f"Part {index}", summary="s", target_words=3)
            for index in range(3)
        ]
        return Plan(Outline(title="Brief", sections=sections))

    async def research(self, inputs: BriefInput, model: Model) -> Mapping[str, Any]:
        self.researched.set()
        return {"about": inputs.about}

    async def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str | Facts]:
        if task["index"] == 0:
            await self.researched.wait()  # it would never come if this section were written alone
        self.tasks.append(task)
        yield "Words of it."
        if task["index"] == 0:
            yield self.facts

    async def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str]:
        yield section["text"]

    def plan_pieces(self, inputs: BriefInput, state: State) -> list[PlannedPiece]:
        return [
            PlannedPiece(name="M1", title="Medium", target_words=3),
            PlannedPiece(name="R1", title="Small", target_words=1),
        ]

    async def write_pieces(
        self, inputs: BriefInput, state: State, pieces: list[PlannedPiece], model: Model
    ) -> AsyncGenerator[PieceText]:
        for name, text in self.pieces:
            yield PieceText(name, text)

    def metrics(self, inputs: BriefInput, state: State) -> dict[str, Any]:
        return {"word_count": len(text_of(state["sections"]).split())}


def graph_of(format: BriefFormat) -> Graph:
    settings = ModelSettings(
        model="openai:gpt-test",
        OPENAI_API_KEY="sk-test",
        judge="off",
        _env_file=None,
    )
    return build_graph(format, ModelCatalog(settings), MemoryCheckpoints())


async def run(format: BriefFormat, **context: Any) -> tuple[State, list[Any]]:
    items: list[Any] = []
    graph = graph_of(format)
    async for item in graph.astream(
        {"input": {"about": "tides"}}, CONFIG, context=RunContext(**context), stream_mode="custom"
    ):
        items.append(item)
    return (await graph.aget_state(CONFIG)).values, items  # type: ignore[return-value]


@pytest.mark.parametrize("parallel", [1, 4])
async def test_facts_and_research_of_the_first_section_are_in_every_later_task(parallel: int) -> None:
    format = BriefFormat()
    state, items = await run(format, parallel=parallel)
    first, *later = format.tasks
    assert (first["index"], first["facts"], first["research"]) == (0, None, {})
    assert sorted(task["index"] for task in later) == [1, 2]
    for task in later:
        assert (task["facts"], task["research"]) == (format.facts, {"about": "tides"})
    assert state["facts"] == format.facts
    assert [dict(item) for item in items if isinstance(item, FactsGathered)] == [format.facts]


async def test_facts_that_are_not_fit_for_the_readers_are_left_out_and_that_is_told() -> None:
    format = BriefFormat()
    format.facts["canonical_pack"]["key_facts"] += ["He wants to kill them all."]
    state, items = await run(format)
    assert state["facts"]["canonical_pack"]["key_facts"] == ["It is wet."]
    assert "kill" not in str([item for item in items if isinstance(item, FactsGathered)])
    assert any("1 of the facts" in str(item.message) for item in items if isinstance(item, NodeChanged))


async def test_pieces_are_told_apart_from_the_sections_and_kept_as_told() -> None:
    state, items = await run(BriefFormat())
    told = [item for item in items if isinstance(item, TextAppended) and item.piece]
    for name, text in (("M1", "The short form."), ("R1", "Shorter.")):
        mine = [item for item in told if item.piece == name]
        assert "".join(item.chunk for item in mine) == text
        assert [item.is_complete for item in mine] == [False] * (len(mine) - 1) + [True]
    assert [(name, piece["text"]) for name, piece in state["pieces"].items()] == [
        ("M1", "The short form."),
        ("R1", "Shorter."),
    ]
    assert "Shorter" not in text_of(state["sections"])


async def test_a_piece_that_is_not_fit_for_the_readers_is_taken_back_and_left_out() -> None:
    format = BriefFormat()
    format.pieces[2] = ("R1", "He wants to kill them all.")
    state, items = await run(format)
    assert list(state["pieces"]) == ["M1"]
    assert TextRetracted(section=0, piece="R1", reason="safety") in items
    (refused,) = [item for item in items if isinstance(item, SafetyChecked) and item.piece]
    assert (refused.piece, refused.approved, refused.stage) == ("R1", False, "section")


@pytest.mark.parametrize(
    ("pieces", "complaint"),
    [
        ([("M1", "Medium.")], "left out R1"),
        ([("M1", " \n"), ("R1", "Small.")], "nothing for the piece M1"),
        ([("M1", "Medium."), ("R1", "Small."), ("M1", "Again.")], "M1 out of turn"),
        ([("X9", "What?")], "X9 out of turn"),
    ],
)
async def test_pieces_other_than_planned_end_the_run_so_that_it_can_go_on(
    pieces: list[tuple[str, str]], complaint: str
) -> None:
    format = BriefFormat()
    graph = graph_of(format)
    good, format.pieces = format.pieces, pieces
    with pytest.raises(ModelBadOutput, match=complaint) as failure:
        await graph.ainvoke({"input": {"about": "tides"}}, CONFIG, context=RunContext())
    assert failure.value.resumable
    format.pieces = good
    state = await graph.ainvoke(None, CONFIG, context=RunContext())
    assert list(state["pieces"]) == ["M1", "R1"]
    assert len(format.tasks) == 3  # no section was written again


async def test_another_text_on_the_same_thread_has_neither_facts_nor_pieces_of_the_one_before() -> None:
    format = BriefFormat()
    graph = graph_of(format)
    first = await graph.ainvoke({"input": {"about": "tides"}}, CONFIG, context=RunContext())
    await graph.ainvoke({"input": {"about": "sand"}}, CONFIG, context=RunContext(review_outline=True))
    second = (await graph.aget_state(CONFIG)).values
    assert first["facts"] and first["pieces"] and first["research"]
    assert not second["facts"] and not second["pieces"] and second["research"] is None


class RhymeFormat(BriefFormat):
    """Its piece and its results are asked of the model, the results while `down` keeps it away."""

    def __init__(self, down: Callable[[], None]) -> None:
        super().__init__()
        self.down = down

    async def write_pieces(
        self, inputs: BriefInput, state: State, pieces: list[PlannedPiece], model: Model
    ) -> AsyncGenerator[PieceText]:
        async with aclosing(stream_text(model, [HumanMessage("Write about 9 words.")])) as deltas:
            async for delta in deltas:
                yield PieceText("M1", delta)
        yield PieceText("R1", "Short.")

    async def derive(self, inputs: BriefInput, state: State, model: Model) -> dict[str, Any]:
        self.down()
        return {"rhyme": (await ask(model, Verdict, [HumanMessage("Does it rhyme?")])).notes}


async def test_another_model_may_take_over_for_the_results_after_a_piece_was_written(
    provider: FakeProvider,
) -> None:
    def go_down() -> None:
        provider.script = Script(rules=(Rule(Reply(fault=Fault("status", status=503)), model="gpt-test"),))

    models = ModelCatalog(
        settings_of(provider.root_url, model="openai:gpt-test", fallback_model="groq:llama-test", judge="off")
    )
    state = await build_graph(RhymeFormat(go_down), models, MemoryCheckpoints()).ainvoke(
        {"input": {"about": "tides"}}, CONFIG, context=RunContext()
    )
    await models.close()
    assert state["pieces"]["M1"]["text"] and state["results"]["rhyme"]
    assert [call.model for call in provider.generations] == ["gpt-test", "gpt-test", "llama-test"]


def test_graph_with_a_checkpointer_that_can_not_say_what_is_safe_is_refused() -> None:
    with pytest.raises(TypeError, match="InMemorySaver can't say when a task's result is safe"):
        build_graph(
            RhymeFormat(lambda: None), ModelCatalog(settings_of("http://127.0.0.1:9")), InMemorySaver()
        )
