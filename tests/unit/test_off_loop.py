"""Work over a long text leaves the event loop."""

from collections.abc import AsyncGenerator, Callable
from threading import get_ident
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import Request
from langchain_core.messages import HumanMessage

from backend.api.runs import shares
from backend.resources import Resources
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.models import open_model
from workflows.formats.registry import list_formats
from workflows.formats.story import format as story
from workflows.formats.toolkit.measured_review import words_in
from workflows.loop_turns import off_loop
from workflows.messages.messages import PlannedSection
from workflows.models.calls.calls import stream_text
from workflows.models.calls.content import ContentReader
from workflows.models.calls.search import stream_search
from workflows.safety import screen
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.rules import RuleMatch, find_blocked
from workflows.safety.screen import SentenceFilter
from workflows.safety.words import folding
from workflows.section_tasks import whole_task
from workflows.sections import node_context
from workflows.sections.node_context import NodeContext, NodeServices
from workflows.state import Outline, Section, SectionTask, State
from workflows.text.metrics.repetition import LoopDetector


async def test_work_over_a_long_text_is_done_in_another_thread() -> None:
    assert await off_loop(100_000, get_ident) != get_ident()


async def test_work_over_a_short_text_is_done_at_once() -> None:
    assert await off_loop(1000, get_ident) == get_ident()


def test_lexicons_of_a_policy_come_together_with_the_table_of_lookalikes() -> None:
    policy = load_policy("child", 7).model_copy(update={"names": ("Uzi",)}, deep=True)
    folding._lookalikes.cache_clear()
    policy.__dict__.pop("_lexicons", None)

    assert policy.lexicon
    assert {"harmless", "unless", "blocked", "scenes"} <= policy._lexicons.__dict__.keys()
    assert folding._lookalikes.cache_info().currsize == 1


@pytest.mark.parametrize("unit", ["a,", "b. ", "q-"])
def test_text_that_spells_on_for_ever_is_given_out_meanwhile(unit: str) -> None:
    one, text = SentenceFilter(load_policy("child", 7)), unit * 10_000
    given = "".join(one.feed(text[start : start + 500]) for start in range(0, len(text), 500))

    assert one.match is None
    assert len(given) > len(text) - 4000
    assert given + one.close() == text


def test_no_more_than_a_few_sentences_are_looked_at_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def record(policy: Policy, text: str) -> RuleMatch | None:
        seen.append(len(text))
        return find_blocked(policy, text)

    monkeypatch.setattr(screen, "find_blocked", record)
    one = SentenceFilter(load_policy("child", 7))
    for _ in range(100):
        one.feed("e\u0301 \u200be\u0592 e e\u0300\u0301 " * 10)

    assert len(seen) > 5
    assert max(seen) <= 3200


async def test_choices_of_a_long_story_are_made_without_holding_the_loop(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def search(words: list[str], text: str) -> list[str]:
        threads.append(get_ident())
        return words_in(words, text)

    monkeypatch.setattr(story, "words_in", search)
    one = story.StoryFormat()
    planned = PlannedSection(index=0, title="Dusk", summary="The lamp goes out.", target_words=200)
    state = State(
        outline=Outline(title="The Lamp", sections=[planned]),
        notes={"vocabulary_words": [{"word": "dusk", "definition": "the end of the day"}]},
        sections={0: Section(index=0, text="It was dusk. " * 2000)},
    )
    async with open_model(provider.root_url, "chat") as model:
        found = await one.derive(one.parse(one.example), state, model)

    assert [word["word"] for word in found["vocabulary_words"]] == ["dusk"]
    assert threads and get_ident() not in threads


def leave_the_loop_their_turn(work: list[tuple[int, int]], api: str) -> bool:
    """Whether all of it, by characters and threads, was in short pieces, or in another thread. Chat deltas are cut."""
    on_loop = max(size for size, thread in work if thread == get_ident())
    elsewhere = [size for size, thread in work if thread != get_ident()]
    return on_loop <= 4000 and bool(elsewhere) == (api != "chat")


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_a_delta_of_a_hundred_thousand_characters_is_searched_for_loops_off_the_loop(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    work: list[tuple[int, int]] = []
    feed = LoopDetector.feed

    def record(self: LoopDetector, chunk: str) -> bool:
        work.append((len(chunk), get_ident()))
        return feed(self, chunk)

    monkeypatch.setattr(LoopDetector, "feed", record)
    text = write_prose("loops", 20_000)
    provider.script = Script(default=Reply(text=text, tokens_per_chunk=len(text)))
    async with open_model(provider.root_url, api) as model:
        written = "".join([piece async for piece in stream_text(model, [HumanMessage("Write.")])])

    assert written == text
    assert leave_the_loop_their_turn(work, api)


@pytest.mark.parametrize(
    ("stream", "api"), [(stream_text, "chat"), (stream_text, "responses"), (stream_search, "responses")]
)
async def test_a_delta_of_a_hundred_thousand_characters_is_cleaned_off_the_loop(
    provider: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
    stream: Callable[..., AsyncGenerator[Any]],
    api: str,
) -> None:
    work: list[tuple[int, int]] = []
    read = ContentReader.read

    def record(self: ContentReader, text: str) -> str:
        work.append((len(text), get_ident()))
        return read(self, text)

    monkeypatch.setattr(ContentReader, "read", record)
    text = write_prose("cleaning", 20_000)
    provider.script = Script(default=Reply(text=text, tokens_per_chunk=len(text)))
    async with open_model(provider.root_url, api) as model:
        pieces = [piece async for piece in stream(model, [HumanMessage("Write.")])]
        written = "".join(piece for piece in pieces if isinstance(piece, str))

    assert written == text
    assert leave_the_loop_their_turn(work, api)


async def test_a_task_is_made_whole_off_the_loop_where_the_text_so_far_is_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planned = [
        PlannedSection(index=index, title="Dusk", summary="The lamp goes out.", target_words=200)
        for index in range(2)
    ]
    state = State(
        input={},
        outline=Outline(title="The Lamp", sections=planned),
        sections={0: Section(index=0, text="It was dusk. " * 8000)},
    )
    threads: list[int] = []

    def record(*args: Any) -> Any:
        threads.append(get_ident())
        return whole_task(*args)

    monkeypatch.setattr(node_context, "_state_of_step", lambda: state)
    monkeypatch.setattr(node_context, "whole_task", record)
    context = NodeContext(NodeServices(story.StoryFormat(), cast(Any, None)), cast(Any, None))

    task = await context.whole(cast(SectionTask, {"index": 1, "target_words": 200}))

    assert task["text_so_far"]["texts"][0].endswith("It was dusk.")
    assert threads and get_ident() not in threads


async def test_page_of_a_long_shared_text_is_made_without_holding_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[bool, str]] = []

    def render(shown: dict[str, Any], *, style: str, render: Callable[[str], str], turns: bool) -> str:
        assert not turns
        made.append((get_ident() == loop, render(shown["sections"][0]["text"])[:10]))
        return style

    async def open_run(token: str) -> SimpleNamespace:
        return SimpleNamespace(format=token)

    section = shares.SharedSection(title="T", text="- one\n" * 3000)
    text = shares.SharedText(title="T", format="discovery_report", language="en", sections=[section])
    monkeypatch.setattr(shares, "_shown", lambda *_: text)
    monkeypatch.setattr(shares, "_PAGE", SimpleNamespace(render=render))
    resources = SimpleNamespace(formats=list_formats(), sharing=SimpleNamespace(open=open_run))
    request = Request({"type": "http", "headers": []})
    loop = get_ident()
    await shares.show_shared("discovery_report", request, cast(Resources, resources), None)
    assert made == [(False, "<ul>\n<li>o")]
