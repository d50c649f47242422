"""Replies that are no text: next to no words, a polite refusal, the same over and over. They end as the model's bad
output, keep what was shown, buy nothing more, and the run can go on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.service import LiveService, serve, settings_for
from workflows.text.streams.normaliser import normalise

REFUSAL = "I'm sorry, but I can't write this story. I'd be glad to help you with something else, though."
HOLD = 6000


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    async with serve(settings_for(provider, tmp_path, judge="off")) as live:
        yield live


async def fail(service: LiveService, provider: FakeProvider, reply: Reply, **options: Any) -> tuple[str, int]:
    """A story of such replies, to its end; then it goes on with good ones. Returns what was shown before, and
    how many replies were bought for it after the plan."""
    provider.script = Script(rules=(Rule(reply, structured=False),))
    run_id = await service.client.start(**options)
    told = await service.client.read(run_id)
    assert told.ending is not None
    assert (told.ending["type"], told.ending["code"], told.ending["resumable"]) == (
        "error",
        "MODEL_BAD_OUTPUT",
        True,
    )
    shown, bought = told.text, len(provider.generations) - 1
    assert (await service.client.run(run_id))["text"] == shown
    provider.script = Script()
    await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    told = await service.client.read(run_id)
    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.text == told.ending["story_content"]
    return shown, bought


@pytest.mark.parametrize(
    ("reply", "calls"),
    [
        (Reply(text="\u200b"), 1),
        (Reply(text="Okay!"), 2),
        (Reply(text=REFUSAL), 2),
        (Reply(text="The cat sat on the mat. ", words=160 * 6), 1),
    ],
)
async def test_section_with_next_to_no_words_is_bad_output_after_the_one_continuation(
    service: LiveService, provider: FakeProvider, reply: Reply, calls: int
) -> None:
    _, bought = await fail(service, provider, reply)
    assert bought == calls


async def test_section_without_a_word_is_bad_output_also_where_no_length_is_kept(
    service: LiveService, provider: FakeProvider
) -> None:
    await fail(service, provider, Reply(text=".\n\n*"), keep_length=False)


@pytest.mark.parametrize(
    ("text", "keep_length"),
    [("a", True), (". ", False), ("She ran home.\n", False), (f"{REFUSAL} ", True), ("\n", True)],
)
async def test_reply_that_loops_is_left_early_and_what_was_shown_stays(
    service: LiveService, provider: FakeProvider, text: str, keep_length: bool
) -> None:
    endless = Reply(text=text * 20_000, tokens_per_chunk=1, hold_after=HOLD)
    shown, bought = await fail(service, provider, endless, keep_length=keep_length)
    first = provider.generations[1]
    await provider.wait_for_disconnect(first)
    assert first.tokens_sent <= HOLD and bought == 1
    assert normalise(text * 20_000).startswith(shown)


async def test_reply_that_loops_in_one_chunk_is_bad_output(
    service: LiveService, provider: FakeProvider
) -> None:
    shown, _ = await fail(
        service, provider, Reply(text="a" * 3000, tokens_per_chunk=100_000), keep_length=False
    )
    assert ("a" * 3000).startswith(shown)
