"""Another model takes over: before a section's first word, told to its readers, and never after it."""

from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.models import Verdict, open_model
from tests.service import CALLS, Told, serve, settings_for
from workflows.errors import ModelBadOutput, ModelRateLimited, ModelUnavailable
from workflows.messages.messages import NodeChanged
from workflows.models.calls.calls import ask, stream_text
from workflows.models.clients.catalog import Model
from workflows.models.clients.model import Fallback

WISH = [HumanMessage("Write about 60 words.")]
DOWN = Reply(fault=Fault("status", status=503))


def told_by(fault: Fault) -> Script:
    return Script(rules=(Rule(Reply(fault=fault), model="gpt-test"),))


def with_fallback(model: Model, other: Model, told: list[str]) -> Model:
    async def open_other() -> Model:
        return other

    return model.falling_back(Fallback(open_other, told.append))


async def read(model: Model) -> str:
    return "".join([delta async for delta in stream_text(model, WISH)])


async def test_story_is_told_by_the_fallback_model_while_the_other_is_down(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(DOWN, model="gpt-test"),))
    more: dict[str, Any] = {"fallback_model": "groq:llama-test", "GROQ_API_KEY": "q-test"}
    settings = settings_for(provider, tmp_path, GROQ_BASE_URL=provider.openai_url, **more)
    told, notices = Told(), []
    async with serve(settings) as service:
        async for frame in service.client.frames(await service.client.start()):
            told.take(frame)
            if isinstance(frame.message, NodeChanged) and frame.message.message:
                notices.append((frame.message.node, frame.message.message))
        models = (await service.client.http.get("/api/v1/models")).json()

    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    assert [call.model for call in provider.generations] == ["gpt-test", "llama-test"] * CALLS
    assert [node for node, _ in notices] == ["outline", *["generate_content"] * 4, "safety_check", "derive"]
    assert notices[1][1].startswith("Section 1: The provider of openai:gpt-test can't be reached")
    assert notices[1][1].endswith("groq:llama-test takes over.")
    assert models["roles"]["writing"] == {"model": "openai:gpt-test", "fallback": "groq:llama-test"}


async def test_fallback_model_that_took_over_stays_for_the_rest_of_the_section(
    provider: FakeProvider,
) -> None:
    provider.script = told_by(Fault("status", status=429, retry_after=3))
    told: list[str] = []
    async with open_model(provider.root_url, "chat") as first, open_model(provider.root_url, "groq") as other:
        model = with_fallback(first, other, told)
        assert await read(model) and await read(model)
        assert (await ask(model, Verdict, WISH)).notes
    assert [call.model for call in provider.calls] == ["gpt-test", "llama-test", "llama-test", "llama-test"]
    assert len(told) == 1 and "Try again in 3 seconds." in told[0]


async def test_fallback_model_never_goes_on_after_a_word(provider: FakeProvider) -> None:
    told: list[str] = []
    async with open_model(provider.root_url, "chat") as first, open_model(provider.root_url, "groq") as other:
        provider.script = told_by(Fault("drop", after=3))
        with pytest.raises(ModelUnavailable):
            await read(with_fallback(first, other, told))

        # Nor in a later call of the same section, whose first words are out.
        model = with_fallback(first, other, told)
        provider.script = Script()
        assert await read(model)
        provider.script = told_by(Fault("status", status=503))
        with pytest.raises(ModelUnavailable):
            await read(model)
    assert told == [] and {call.model for call in provider.calls} == {"gpt-test"}


async def test_reply_that_was_paid_for_is_not_bought_again_from_another(provider: FakeProvider) -> None:
    told: list[str] = []
    async with open_model(provider.root_url, "chat") as first, open_model(provider.root_url, "groq") as other:
        provider.script = told_by(Fault("empty"))
        with pytest.raises(ModelBadOutput):
            await read(with_fallback(first, other, told))
    assert told == [] and len(provider.calls) == 1


async def test_fallback_model_that_fails_too_ends_it(provider: FakeProvider) -> None:
    provider.script = Script(
        rules=(Rule(DOWN, model="gpt-test"),), default=Reply(fault=Fault("status", status=429))
    )
    async with open_model(provider.root_url, "chat") as first, open_model(provider.root_url, "groq") as other:
        with pytest.raises(ModelRateLimited, match="groq:llama-test"):
            await read(with_fallback(first, other, []))
    assert len(provider.calls) == 2
