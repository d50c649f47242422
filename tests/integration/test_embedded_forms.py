"""How the embedded model's answers in a form are asked for again, tried with a provider in its place."""

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Script
from workflows.errors import ModelBadOutput
from workflows.formats.story.embedded import TRIES, PlotChoices, offer_choices
from workflows.models.embedded.client import chat_model
from workflows.models.embedded.process import Endpoint

ENDING = {
    "question": "do with the key",
    "choice_1": "Follow the light",
    "then_1": "find a door",
    "choice_2": "Make a song",
    "then_2": "hear a song",
    "choice_3": "Climb the hill",
    "then_3": "see the sea",
}


async def _offer(provider: FakeProvider) -> PlotChoices:
    chat = chat_model(Endpoint(provider.openai_url, "key", "model"))
    return await offer_choices(chat, name="Maya", theme="space", ending_text="Maya found the golden key.")


async def test_answer_that_runs_out_of_room_is_asked_for_again(provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(json=ENDING, fault=Fault("length", after=9, times=1)))
    choices = await _offer(provider)

    assert choices.question == "What should Maya do with the key?"
    assert len(provider.generations) == 2


async def test_answers_that_all_run_out_of_room_are_no_answer(provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(json=ENDING, fault=Fault("length", after=9)))
    with pytest.raises(ModelBadOutput):
        await _offer(provider)

    assert len(provider.generations) == TRIES
