"""A format's own review: what it finds is written again once, by the words of its findings, and then told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import RunControl

from backend.runs.attempt.reconcile import reconcile
from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from backend.streaming.events import stream_messages
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import STORY, settings_for
from workflows.errors import ModelUnavailable
from workflows.formats.story.format import StoryFormat
from workflows.formats.story.input import StoryInput
from workflows.graph import Graph, build_graph
from workflows.messages.messages import Message, SafetyChecked, TextRetracted, UsageUpdated
from workflows.messages.transcript import Transcript
from workflows.messages.usage_totals import UsageTotals
from workflows.models.clients.catalog import Model, ModelCatalog
from workflows.state import RunContext, State, text_of
from workflows.text.words import count_words
from workflows.verdicts import ReviewFinding

CALM = write_prose("calm", 60)
PLAIN = f"A calm day began. {CALM} Then all was quiet."
WITH_CAT = f"A calm day began. A cat came by. {CALM} Then all was quiet."
WITH_DOG = f"A dog came. {write_prose('calm', 80)}"
UNSAFE = f"A calm day began. He drew a gun and shot him. {CALM} Then all was quiet."
NOTED = "A cat has to come by."


class UnmeasuredStory(StoryFormat):
    """A story whose scenes aren't measured as they are written."""

    async def review_section(
        self, inputs: StoryInput, state: State, index: int, model: Model
    ) -> list[ReviewFinding]:
        """Nothing."""
        del inputs, state, index, model
        return []


class CatStory(UnmeasuredStory):
    """A story with a cat in its second scene, and whose author would like longer titles."""

    async def review(self, inputs: StoryInput, state: State, model: Model) -> list[ReviewFinding]:
        """The cat is worth a rewrite, the title isn't."""
        del inputs, model
        found = [ReviewFinding(rule="title", advice="A longer title would be nice.", rewrite=False)]
        if "cat" not in state["sections"][1]["text"]:
            found.append(ReviewFinding(rule="cat", section=1, advice=NOTED, rewrite=True))
        return found


class PetStory(UnmeasuredStory):
    """A story with a pet in its second and third scene."""

    async def review(self, inputs: StoryInput, state: State, model: Model) -> list[ReviewFinding]:
        """What is missing of them."""
        del inputs, model
        return [
            ReviewFinding(rule=pet, section=index, advice=f"A {pet} is missing.", rewrite=True)
            for index, pet in ((1, "cat"), (2, "dog"))
            if pet not in state["sections"][index]["text"]
        ]


@pytest.fixture
async def catalog(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[ModelCatalog]:
    """Models of the fake provider."""
    models = ModelCatalog(settings_for(provider, tmp_path))
    yield models
    await models.close()


def scripted(*rules: Rule) -> Script:
    return Script(rules=(*rules, Rule(Reply(text=PLAIN), structured=False)))


def rewritten(reply: Reply) -> Rule:
    """How the rewrite of the scene without a cat is answered."""
    return Rule(reply, structured=False, contains=NOTED)


async def execute(graph: Graph, transcript: Transcript, *, goes_on: bool = False) -> list[Message]:
    """Writes a story, or goes on with it, as the service does; the transcript is told."""
    told: list[Message] = []
    messages = stream_messages(
        graph,
        None if goes_on else {"input": STORY},
        CONFIG,
        context=RunContext(),
        control=RunControl(),
        tally=UsageTotals(UsageUpdated(model="openai:gpt-test", input_tokens=0, output_tokens=0)),
    )
    async for message in messages:
        transcript.apply(message)
        told.append(message)
    return told


CONFIG = RunnableConfig(configurable={"thread_id": "one"}, max_concurrency=1)


def compliance(transcript: Transcript) -> dict[str, Any]:
    assert transcript.metadata is not None
    return dict(transcript.metadata.model_dump()["compliance"])


async def test_finding_has_its_section_written_again_once_and_is_gone_from_the_report(
    provider: FakeProvider, catalog: ModelCatalog
) -> None:
    provider.script = scripted(rewritten(Reply(text=WITH_CAT)))
    transcript = Transcript()
    told = await execute(build_graph(CatStory(), catalog, MemoryCheckpoints()), transcript)

    assert [(m.section, m.reason) for m in told if isinstance(m, TextRetracted)] == [(1, "revision")]
    assert transcript.text_of(1) == WITH_CAT and transcript.text_of(0).startswith(PLAIN)
    # The verdict is on the text as it stayed: the judge is paid once.
    assert [m.stage for m in told if isinstance(m, SafetyChecked)] == ["input", "final"]
    assert compliance(transcript)["revisions"] == 1
    assert [finding["rule"] for finding in compliance(transcript)["findings"]] == ["title"]


async def test_finding_that_a_rewrite_does_not_mend_is_reported_and_not_bought_again(
    provider: FakeProvider, catalog: ModelCatalog
) -> None:
    provider.script = scripted(rewritten(Reply(text=PLAIN)))
    transcript = Transcript()
    told = await execute(build_graph(CatStory(), catalog, MemoryCheckpoints()), transcript)

    assert sum(isinstance(m, TextRetracted) for m in told) == 1
    report = compliance(transcript)
    assert (report["passed"], report["revisions"]) == (False, 1)
    assert report["findings"][1] == {"rule": "cat", "section": 1, "advice": NOTED, "rewrite": True}


async def test_review_that_may_revise_nothing_only_reports(
    provider: FakeProvider, catalog: ModelCatalog
) -> None:
    provider.script = scripted()
    transcript = Transcript()
    told = await execute(build_graph(CatStory(), catalog, MemoryCheckpoints(), revisions=0), transcript)

    assert not any(isinstance(m, TextRetracted) for m in told)
    assert compliance(transcript)["revisions"] == 0 and not compliance(transcript)["passed"]


async def test_unsafe_revision_still_has_both_rewrites_of_the_safety_check(
    provider: FakeProvider, catalog: ModelCatalog
) -> None:
    unsafe_twice = Rule(Reply(text=UNSAFE), structured=False, contains="The editor's notes", times=2)
    provider.script = scripted(unsafe_twice, Rule(Reply(text=WITH_CAT), contains="The editor's notes"))
    transcript = Transcript()
    told = await execute(build_graph(CatStory(), catalog, MemoryCheckpoints()), transcript)

    reasons = [m.reason for m in told if isinstance(m, TextRetracted)]
    assert reasons == ["revision", "safety", "safety"]
    assert transcript.text_of(1) == WITH_CAT
    assert transcript.metadata is not None
    assert transcript.metadata.model_dump()["safety"]["rewrites"] == 2


async def test_revision_that_breaks_off_is_resumed_without_showing_what_was_taken_back(
    provider: FakeProvider, catalog: ModelCatalog
) -> None:
    drop = Fault("drop", after=4, times=1)
    provider.script = scripted(rewritten(Reply(text=WITH_CAT, fault=drop)))
    graph = build_graph(CatStory(), catalog, MemoryCheckpoints())
    transcript = Transcript()
    with pytest.raises(ModelUnavailable):
        await execute(graph, transcript)
    calls = len(provider.calls)
    state: Any = (await graph.aget_state(CONFIG)).values
    for message in reconcile(transcript, state):
        assert isinstance(message, TextRetracted) and message.section == 1
        transcript.apply(message)
    told = await execute(graph, transcript, goes_on=True)

    assert transcript.text_of(1) == WITH_CAT
    assert transcript.text == text_of((await graph.aget_state(CONFIG)).values["sections"])
    assert [m.reason for m in told if isinstance(m, TextRetracted)] == ["revision"]
    assert len(provider.calls) - calls == 3  # the scene once more, the verdict, the choices


async def test_rewrite_that_breaks_off_costs_none_of_the_others(
    provider: FakeProvider, catalog: ModelCatalog
) -> None:
    drop = Fault("drop", after=4, times=1)
    provider.script = scripted(
        Rule(Reply(text=WITH_CAT), structured=False, contains="A cat is missing."),
        Rule(Reply(text=WITH_DOG, fault=drop), structured=False, contains="A dog is missing."),
    )
    graph = build_graph(PetStory(), catalog, MemoryCheckpoints())
    transcript = Transcript()
    with pytest.raises(ModelUnavailable):
        await execute(graph, transcript)
    assert transcript.text_of(1) == WITH_CAT
    calls = len(provider.calls)
    state: Any = (await graph.aget_state(CONFIG)).values
    for message in reconcile(transcript, state):
        assert isinstance(message, TextRetracted) and message.section == 2
        transcript.apply(message)
    told = await execute(graph, transcript, goes_on=True)

    assert [m.section for m in told if isinstance(m, TextRetracted)] == [2]
    assert transcript.text_of(1) == WITH_CAT and transcript.text_of(2) == WITH_DOG
    assert transcript.text == text_of((await graph.aget_state(CONFIG)).values["sections"])
    assert (compliance(transcript)["revisions"], compliance(transcript)["passed"]) == (1, True)
    assert len(provider.calls) - calls == 3  # the scene with the dog, the verdict, the choices


async def test_length_of_a_section_that_was_rewritten_is_that_of_the_rewrite(
    provider: FakeProvider, catalog: ModelCatalog
) -> None:
    provider.script = scripted(rewritten(Reply(text=WITH_CAT)))
    transcript = Transcript()
    await execute(build_graph(CatStory(), catalog, MemoryCheckpoints()), transcript)

    assert transcript.metadata is not None
    kept, rewrote, *_ = transcript.metadata.model_dump()["lengths"]
    assert (kept["corrections"], rewrote["corrections"]) == ([], [])
    assert rewrote["words"] == count_words(WITH_CAT)


async def test_review_needs_no_judge(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script = scripted(rewritten(Reply(text=WITH_CAT)))
    models = ModelCatalog(settings_for(provider, tmp_path, judge="off"))
    transcript = Transcript()
    await execute(build_graph(CatStory(), models, MemoryCheckpoints()), transcript)
    await models.close()

    assert compliance(transcript)["revisions"] == 1
