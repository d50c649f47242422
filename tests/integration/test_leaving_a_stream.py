"""Leaving a reply in its middle closes the provider's connection: nothing more is bought of it."""

import asyncio
from contextlib import aclosing

import pytest
from langchain_core.messages import HumanMessage

from tests.fakes.answer import split_tokens
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.models import APIS, open_model
from workflows.models.calls.calls import stream_text

WISH = [HumanMessage("Write a long story.")]
LONG = Reply(words=50_000, tokens_per_chunk=1, hold_after=2000)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("taken", [1, 500, 2000])
async def test_stream_that_is_left_between_two_chunks_is_closed(
    provider: FakeProvider, api: str, taken: int
) -> None:
    provider.script = Script(default=LONG)
    async with open_model(provider.root_url, api) as model:
        count = 0
        async with aclosing(stream_text(model, WISH)) as deltas:
            async for delta in deltas:
                count += len(split_tokens(delta))
                if count >= taken:
                    break
        await provider.wait_for_disconnect(provider.calls[0])

    assert provider.calls[0].tokens_sent <= 2000 < len(provider.calls[0].tokens)


@pytest.mark.parametrize("api", APIS)
async def test_stream_that_is_cancelled_while_its_reader_does_something_else_is_closed(
    provider: FakeProvider, api: str
) -> None:
    provider.script = Script(default=LONG)
    busy = asyncio.Event()

    async def read() -> None:
        async with aclosing(stream_text(model, WISH)) as deltas:
            async for _ in deltas:
                busy.set()
                await asyncio.Event().wait()

    async with open_model(provider.root_url, api) as model:
        reading = asyncio.create_task(read())
        await busy.wait()
        reading.cancel()
        await provider.wait_for_disconnect(provider.calls[0])
        await asyncio.wait([reading])

    assert reading.cancelled()
