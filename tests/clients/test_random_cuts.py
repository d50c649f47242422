"""Random cuts and stalls, many times: no wire loses anything, and none repeats anything.

For `make soak`: STORYWIRE_CUTS says how many stories each client reads.
"""

import os
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from storywire_client import AsyncStorywire, Reconnect

from tests.clients.conftest import World
from tests.clients.node import play
from tests.clients.test_ai_sdk_wire import joined, stored, talk
from tests.service import CALLS, STORY

pytestmark = [pytest.mark.soak, pytest.mark.timeout(0)]

TRIALS = int(os.environ.get("STORYWIRE_CUTS", "100"))
RECONNECT = Reconnect(first=0.01, most=0.05)
LONGEST_CUT = 5000


def cuts_of(trial: int) -> list[int]:
    """Bytes after which the connections of a trial break; some before the first byte."""
    luck = random.Random(trial)
    return [luck.choice((0, luck.randrange(1, LONGEST_CUT))) for _ in range(luck.randrange(1, 12))]


def options_of(trial: int) -> dict[str, Any]:
    return {"parallel": random.Random(trial).choice((1, 1, 3))}


@pytest.fixture(autouse=True)
async def bought_once(world: World) -> AsyncIterator[None]:
    """Each trial writes its story once, however often it was cut."""
    yield
    assert len(world.provider.generations) % CALLS == 0


async def test_python_client_reads_every_story_whole(world: World) -> None:
    for trial in range(TRIALS):
        world.proxy.cut(cuts_of(trial))
        async with (
            AsyncStorywire(world.url, reconnect=RECONNECT) as client,
            client.start("story", STORY, **options_of(trial)) as story,
        ):
            seqs = [message["seq"] async for message in story]
            result = await story.result()
        assert seqs == sorted(set(seqs)), trial
        assert (
            "\n\n".join(story.sections[index] for index in sorted(story.sections)) == result["story_content"]
        )
        assert len(world.provider.generations) == CALLS * (trial + 1), trial


async def test_typescript_client_reads_every_story_whole(world: World) -> None:
    for trial in range(TRIALS):
        world.proxy.cut(cuts_of(trial))
        told = await play("read", world.url, input=STORY, options=options_of(trial))
        assert told["seqs"] == sorted(set(told["seqs"])), trial
        assert told["text"] == told["content"], trial
        assert len(world.provider.generations) == CALLS * (trial + 1), trial


async def test_chat_of_the_ai_sdk_has_every_story_whole_once_it_has_resumed(world: World) -> None:
    for trial in range(TRIALS):
        world.proxy.cut(cuts_of(trial)[:3])
        chat = await talk(world.service, chat=f"c{trial}", base=world.url)
        while chat["status"] != "ready" or not chat["sections"]:
            chat = await talk(world.service, chat=f"c{trial}", base=world.url, resume=True)
            if chat["status"] == "ready" and not chat["sections"]:  # cut before the run was there
                chat = await talk(world.service, chat=f"c{trial}", base=world.url)
        run = await stored(world.service, chat["metadata"]["runId"])
        assert joined(chat) == run["result"]["story_content"], trial
