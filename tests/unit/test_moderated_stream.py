"""Moderation of sentences while they stream: each goes on once, in order, when its answer is there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Moderation

from backend.streaming.gate import Gate
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.models import open_model
from workflows.errors import ModelBadOutput, ModelError
from workflows.messages.messages import NodeChanged, SafetyChecked, TextAppended
from workflows.models.configuration.moderation import SentenceModeration
from workflows.safety.moderation import _issues
from workflows.safety.policies.policy_files import load_policy
from workflows.sections.moderated_stream import ModeratedStream, _Cutter
from workflows.state import Section, State

CHILD = load_policy("child", 7).in_language("en")
CALM = "The fox ran home. It was warm!\n\n“Sleep,” said Dr. Owl. … Then all was quiet."
FIRST = "The fox ran home. "
ODD = "A calm day began. A zorbl came by. Then all was quiet."
FLAGGED = Script(flagged={"zorbl": "violence"})


class Readers:
    """What a run's stream gets of a section."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._came = asyncio.Event()

    def __call__(self, item: Any) -> None:
        self.items.append(item)
        self._came.set()

    async def wait(self) -> None:
        """Returns when something more has come."""
        async with asyncio.timeout(30):
            await self._came.wait()
        self._came.clear()

    @property
    def text(self) -> str:
        return "".join(item.chunk for item in self.items if isinstance(item, TextAppended))

    @property
    def is_whole(self) -> bool:
        return [item.is_complete for item in self.items if isinstance(item, TextAppended)][-1:] == [True]

    @property
    def notes(self) -> list[str]:
        return [item.message or "" for item in self.items if isinstance(item, NodeChanged)]


@asynccontextmanager
async def moderated(
    provider: FakeProvider, readers: Readers, *, seconds: float = 20, holds: bool = False
) -> AsyncIterator[ModeratedStream]:
    limits = SentenceModeration(seconds, holds=holds)
    async with (
        open_model(provider.root_url, "chat") as model,
        ModeratedStream(0, readers, model, CHILD, limits, monotonic) as stream,
    ):
        yield stream


async def write(stream: ModeratedStream, *chunks: str) -> Section:
    """The section written in these chunks."""
    for chunk in chunks:
        stream.publish(text(chunk))
        await asyncio.sleep(0)
    stream.publish(text("", ends=True))
    return await stream.finish(Section(index=0, text="".join(chunks)))


def text(chunk: str, *, ends: bool = False) -> TextAppended:
    return TextAppended(section=0, chunk=chunk, is_complete=ends)


def cut(text: str, seed: int) -> list[str]:
    random = Random(seed)
    places = sorted(random.randint(0, len(text)) for _ in range(random.choice([0, 3, 30])))
    return [text[a:b] for a, b in pairwise([0, *places, len(text)])]


def asked(provider: FakeProvider) -> list[str]:
    """The texts that moderation was asked about, in order."""
    return [text for call in provider.calls if call.api == "moderations" for text in call.body["input"]]


@pytest.mark.parametrize("seed", range(4))
async def test_every_sentence_goes_on_once_and_in_order_and_is_asked_about_once_however_the_text_was_cut(
    provider: FakeProvider, seed: int
) -> None:
    readers = Readers()
    async with moderated(provider, readers) as stream:
        section = await write(stream, *cut(CALM, seed))
    assert readers.text == section["text"] == CALM and readers.is_whole
    assert "".join(asked(provider)).split() == CALM.replace("… ", "").split()
    moderation = section["moderation"]
    assert (moderation["shown"], moderation["issues"], moderation["unanswered"]) == (len(CALM), [], 0)
    assert moderation["sentences"] == len(asked(provider)) > 2
    assert 0 < moderation["held_ms_max"] <= moderation["held_ms_sum"]


async def test_sentence_is_held_until_its_answer_is_there_and_the_next_ones_go_into_one_request(
    provider: FakeProvider,
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=0), api="moderations", times=1),))
    readers = Readers()
    async with moderated(provider, readers) as stream:
        stream.publish(text(FIRST))
        await provider.wait_for_held()
        for chunk in ("It slept. ", "It woke. ", "Then"):
            stream.publish(text(chunk))
        assert readers.items == []
        provider.release()
        await readers.wait()
        assert readers.text == FIRST
        await readers.wait()
        assert readers.text == f"{FIRST}It slept. It woke. "
        stream.publish(text("", ends=True))
        await stream.finish(Section(index=0, text=f"{FIRST}It slept. It woke. Then"))
    assert readers.text == f"{FIRST}It slept. It woke. Then"
    assert asked(provider) == [FIRST, "It slept. ", "It woke. ", "Then"] and len(provider.calls) == 3


async def test_gate_behind_shows_a_sentence_as_soon_as_it_comes_through(provider: FakeProvider) -> None:
    readers = Readers()
    async with moderated(provider, readers) as stream:
        stream.publish(text("The fox ran home. It"))
        await readers.wait()
    gate = Gate(CHILD, monotonic)
    shown = [each for item in readers.items for each in gate.take(item)]
    assert [each.chunk for each in shown if isinstance(each, TextAppended)] == ["The fox ran home."]


@pytest.mark.parametrize("holds", [False, True])
async def test_flagged_sentence_and_what_follows_is_shown_to_nobody_and_says_why(
    provider: FakeProvider, holds: bool
) -> None:
    provider.script = FLAGGED
    readers = Readers()
    async with moderated(provider, readers, holds=holds) as stream:
        section = await write(stream, ODD)
    assert readers.text == "A calm day began. " and not readers.is_whole
    assert section["text"] == ODD
    moderation = section["moderation"]
    assert moderation["shown"] == len("A calm day began. ")
    assert [(issue["category"], issue["section"]) for issue in moderation["issues"]] == [("violence", 0)]
    [verdict] = [item for item in readers.items if isinstance(item, SafetyChecked)]
    assert (verdict.stage, verdict.approved, verdict.section) == ("sentence", False, 0)
    assert verdict.layers == ["rules", "moderation"] and "zorbl" not in str(verdict)
    # Nor does the next attempt show it.
    assert Gate(CHILD, monotonic).shown(State(), section) == ("A calm day began. ", False)


FAULTS = {
    "429": Reply(fault=Fault("status", status=429)),
    "500": Reply(fault=Fault("status", status=500)),
    "drop": Reply(fault=Fault("drop")),
    "half a body": Reply(fault=Fault("bad_json")),
    "no results": Reply(json={"id": "x", "model": "m", "results": []}),
    "no list": Reply(json={"id": "x", "model": "m", "results": "fine"}),
    "another body": Reply(json={"status": "ok"}),
    "no scores": Reply(json={"id": "x", "model": "m", "results": [{"flagged": False}]}),
    "odd scores": Reply(
        json={"id": "x", "model": "m", "results": [{"flagged": False, "category_scores": {"hate": "none"}}]}
    ),
    "minus one": Reply(
        json={"id": "x", "model": "m", "results": [{"flagged": False, "category_scores": {"hate": -1}}]}
    ),
}
SLOW = Reply(fault=Fault("hang"))


@pytest.mark.parametrize("reply", [*FAULTS.values(), SLOW], ids=[*FAULTS, "slow"])
async def test_no_answer_is_noted_and_the_rest_of_the_section_is_shown_without_one(
    provider: FakeProvider, reply: Reply
) -> None:
    provider.script = Script(rules=(Rule(reply, api="moderations"),))
    readers = Readers()
    async with moderated(provider, readers, seconds=0.3 if reply is SLOW else 20) as stream:
        section = await write(stream, FIRST, CALM)
    assert readers.text == section["text"] == FIRST + CALM and readers.is_whole
    [note] = readers.notes
    assert "Section 1" in note and "local rules alone" in note
    assert section["moderation"]["unanswered"] > 3 and section["moderation"]["sentences"] == 0
    assert len(provider.calls) == 1  # the rest of the section asks in vain no more


@pytest.mark.parametrize("reply", [*FAULTS.values(), SLOW], ids=[*FAULTS, "slow"])
async def test_no_answer_holds_the_rest_of_the_section_to_its_end_where_it_is_to_be_held(
    provider: FakeProvider, reply: Reply
) -> None:
    provider.script = Script(rules=(Rule(reply, api="moderations", times=1),), flagged=FLAGGED.flagged)
    readers = Readers()
    async with moderated(provider, readers, seconds=0.3 if reply is SLOW else 20, holds=True) as stream:
        stream.publish(text(FIRST))
        await readers.wait()  # the note
        stream.publish(text(CALM * 20, ends=True))
        await asyncio.sleep(0)
        assert readers.text == ""
        finished = await stream.finish(Section(index=0, text=FIRST + CALM * 20))
    assert readers.text == finished["text"] == FIRST + CALM * 20 and readers.is_whole
    assert "an answer on all of it" in readers.notes[0]
    assert finished["moderation"]["unanswered"] == 0


@pytest.mark.parametrize("name", FAULTS)
async def test_held_sentences_without_any_answer_are_no_approval(provider: FakeProvider, name: str) -> None:
    provider.script = Script(rules=(Rule(FAULTS[name], api="moderations"),))
    readers = Readers()
    with pytest.raises(ModelError):
        async with moderated(provider, readers, holds=True) as stream:
            await write(stream, CALM)
    assert readers.text == ""


async def test_held_sentence_that_is_flagged_at_the_sections_end_is_not_shown(provider: FakeProvider) -> None:
    provider.script = Script(
        rules=(Rule(FAULTS["500"], api="moderations", times=1),), flagged=FLAGGED.flagged
    )
    readers = Readers()
    async with moderated(provider, readers, holds=True) as stream:
        section = await write(stream, CALM * 10, " ", ODD)
    assert readers.text == f"{CALM * 10} A calm day began. "
    assert section["moderation"]["shown"] == len(readers.text) and section["moderation"]["issues"]


async def test_section_that_breaks_off_shows_what_was_written_of_it(provider: FakeProvider) -> None:
    readers = Readers()
    with pytest.raises(ModelBadOutput):
        async with moderated(provider, readers) as stream:
            stream.publish(text(f"{FIRST}It sl"))
            raise ModelBadOutput("The model broke off.")
    assert readers.text == FIRST


async def test_section_that_is_cancelled_leaves_its_request(provider: FakeProvider) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("hang")), api="moderations"),))
    readers = Readers()

    async def work() -> None:
        async with moderated(provider, readers) as stream:
            stream.publish(text(FIRST))
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    [call] = await provider.wait_for_calls()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await provider.wait_for_disconnect(call)
    assert readers.items == []


def test_category_that_no_file_can_hold_is_cleaned() -> None:
    result = Moderation.construct(flagged=True, category_scores={"vio\ud83dlence\n": 0.9, "hate": 0.1})
    assert [issue["category"] for issue in _issues(CHILD, 0, result)] == ["vio lence"]


@given(st.text(st.sampled_from("aB. \n!。1[]”«»…"), max_size=40), st.integers(0, 10**9))
def test_parts_of_a_text_join_to_it_however_it_was_cut(text: str, seed: int) -> None:
    cutter = _Cutter("en")
    chunks = cut(text, seed)
    parts = [part for chunk in chunks for part in cutter.feed(chunk, is_last=False)]
    parts += cutter.feed("", is_last=True)
    assert "".join(parts) == text
    assert all(parts)
