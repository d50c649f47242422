"""The fake provider against the real clients: text, usage, finish, structure, holding, recording."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from google.genai import Client
from google.genai.types import HttpOptions
from langchain_core.exceptions import (
    ModelAuthenticationError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
)
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from pydantic import BaseModel, Field

from tests.fakes.clients import MODEL_APIS, ModelApi, open_model
from tests.fakes.process import spawn_provider
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.schema import fill_schema
from tests.fakes.script import Fault, Reply, Rule, Script, Usage, dump_script, load_script

PROMPT = "Write section 2 of the story, about 120 words."


class Section(BaseModel):
    index: int
    title: str = Field(max_length=60)
    mood: Literal["calm", "merry"]


class Outline(BaseModel):
    sections: list[Section] = Field(min_length=4, max_length=6)
    approved: bool
    issues: list[str]


@pytest.fixture(params=MODEL_APIS)
def api(request: pytest.FixtureRequest) -> ModelApi:
    name: ModelApi = request.param
    return name


@pytest.fixture
async def model(api: ModelApi, provider: FakeProvider) -> AsyncIterator[BaseChatModel]:
    async with open_model(api, provider.root_url) as opened:
        yield opened


async def stream(model: BaseChatModel, prompt: str = PROMPT) -> tuple[list[str], AIMessageChunk]:
    """The texts of all chunks, and the chunks added up."""
    texts, whole = [], None
    async for chunk in model.astream(prompt):
        texts.append(str(chunk.text))
        whole = chunk if whole is None else whole + chunk
    assert isinstance(whole, AIMessageChunk)
    return texts, whole


def find_finish(message: Any) -> Any:
    """Where each API tells why it ended."""
    metadata = message.response_metadata
    return metadata.get("finish_reason") or metadata.get("status")


async def test_stream_arrives_token_by_token_with_usage_and_finish(
    model: BaseChatModel, provider: FakeProvider
) -> None:
    texts, whole = await stream(model)
    (call,) = provider.calls
    assert "".join(texts) == call.text_sent == write_prose(PROMPT)
    assert len([text for text in texts if text]) == len(call.tokens)
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == call.tokens_sent
    assert find_finish(whole) in {"stop", "completed", "STOP"}
    assert (call.section_hint, call.prompt_text, call.stream, call.finished) == (2, PROMPT, True, True)


async def test_invoke_gives_the_same_text_as_stream(model: BaseChatModel, provider: FakeProvider) -> None:
    texts, _ = await stream(model)
    message = await model.ainvoke(PROMPT)
    # langchain-google-genai cuts line ends off a reply that isn't streamed; there are none at the end here.
    assert message.text == "".join(texts)
    assert find_finish(message) in {"stop", "completed", "STOP"}
    assert [call.stream for call in provider.calls] == [True, False]


async def test_gemini_3_stream_gives_text_from_content_blocks(provider: FakeProvider) -> None:
    async with open_model("gemini", provider.root_url, model="gemini-3.5-flash") as model:
        texts, whole = await stream(model)
    assert isinstance(whole.content, list)
    assert whole.text == "".join(texts) == provider.calls[0].text_sent


async def test_prose_has_the_words_asked_for_and_differs_by_prompt() -> None:
    texts = [
        write_prose(f"Write section {i}, about {target} words.") for i in range(9) for target in (120, 400)
    ]
    assert len(set(texts)) == len(texts)
    assert all(
        abs(len(text.split()) - target) <= 10 for text, target in zip(texts, [120, 400] * 9, strict=True)
    )
    assert all("\n\n" in text and not text.isascii() for text in texts)


async def test_schema_with_pattern_and_limits_is_satisfied() -> None:
    class Card(BaseModel):
        code: str = Field(pattern=r"^[A-Z]{2}-\d{3,5}( and|\.)$")
        age: int = Field(ge=3, le=14)
        score: float | None = Field(gt=0, lt=0.5)
        words: list[str] = Field(min_length=2, max_length=2)
        outline: Outline
        note: str = Field(min_length=200, max_length=210)

    cards = [Card.model_validate(fill_schema(Card.model_json_schema(), f"card {i}")) for i in range(20)]
    assert len({card.code for card in cards}) == 20


async def test_reply_of_a_rule_replaces_text_usage_and_chunking(
    model: BaseChatModel, provider: FakeProvider
) -> None:
    reply = Reply(text="Wave {i} → é.", words=9, tokens_per_chunk=4, usage=Usage(11, 22))
    provider.script = Script(rules=(Rule(reply, contains="section 2"), Rule(Reply(text="other"))))
    texts, whole = await stream(model)
    assert "".join(texts) == "Wave 1 → é. Wave 2 → é. Wave"
    assert len([text for text in texts if text]) == 3
    assert whole.usage_metadata is not None
    assert (whole.usage_metadata["input_tokens"], whole.usage_metadata["output_tokens"]) == (11, 22)
    assert (await model.ainvoke("something else")).text == "other"


async def test_token_limit_of_the_call_cuts_the_reply(provider: FakeProvider) -> None:
    async with open_model("chat", provider.root_url) as model:
        message = await model.ainvoke(PROMPT, max_tokens=7)
    assert provider.calls[0].tokens_sent == 7
    assert message.response_metadata["finish_reason"] == "length"


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
async def test_structured_call_gets_an_object_that_fits_the_schema(
    model: BaseChatModel, provider: FakeProvider, method: str
) -> None:
    structured = model.with_structured_output(Outline, method=method)
    outline = await structured.ainvoke("An outline with 5 sections.")
    assert isinstance(outline, Outline)
    assert [section.index for section in outline.sections] == [0, 1, 2, 3, 4]
    assert (outline.approved, outline.issues) == (True, [])
    assert json.loads(provider.calls[0].text_sent) == outline.model_dump()


@pytest.mark.parametrize("tokens_per_chunk", [None, 1])
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
async def test_structured_stream_gets_the_object_of_the_rule(
    model: BaseChatModel, provider: FakeProvider, method: str, tokens_per_chunk: int | None
) -> None:
    wanted = {"index": 3, "title": "Žofie", "mood": "merry"}
    reply = Reply(json=wanted, tokens_per_chunk=tokens_per_chunk)
    provider.script = Script(rules=(Rule(reply, structured=True),))
    # A dict: of a Pydantic class, the Chat API's stream makes chunks that pydantic warns about.
    structured = model.with_structured_output(Section.model_json_schema(), method=method)
    assert [part async for part in structured.astream("A section.")][-1] == wanted


async def test_rules_with_nth_and_times_apply_to_those_calls_only(provider: FakeProvider) -> None:
    provider.script = Script(
        rules=(Rule(Reply(text="second"), nth=2), Rule(Reply(text="early"), times=2)),
        default=Reply(text="late"),
    )
    async with open_model("chat", provider.root_url) as model:
        replies = [(await model.ainvoke("same")).text for _ in range(4)]
    assert replies == ["early", "second", "early", "late"]


async def test_held_stream_goes_on_when_released(model: BaseChatModel, provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(hold_after=4))
    task = asyncio.create_task(stream(model))
    (call,) = await provider.wait_for_held()
    assert (call.tokens_sent, call.finished, task.done()) == (4, False, False)
    provider.release(call)
    texts, _ = await task
    assert "".join(texts) == call.text_sent == write_prose(PROMPT)


async def test_cancelled_stream_is_seen_as_disconnect(model: BaseChatModel, provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(hold_after=4))
    task = asyncio.create_task(stream(model))
    (call,) = await provider.wait_for_held()
    task.cancel()
    await provider.wait_for_disconnect(call)
    assert (call.finished, call.tokens_sent) == (False, 4)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancel_in_a_fast_stream_is_never_lost(model: BaseChatModel, provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(text="one two three", words=5000, pace=2000))
    for _ in range(5):
        begun = asyncio.Event()
        task = asyncio.create_task(listen(model, begun))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await provider.wait_for_disconnect(provider.calls[-1])


async def listen(model: BaseChatModel, begun: asyncio.Event) -> None:
    async for _ in model.astream(PROMPT):
        begun.set()


async def test_paced_stream_takes_its_time(provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(text="one two three four five six", pace=100))
    async with open_model("chat", provider.root_url) as model:
        await stream(model)
    (call,) = provider.calls
    assert call.first_token_at is not None and call.finished_at is not None
    assert call.finished_at - call.first_token_at >= (call.tokens_sent - 1) / 100 - 0.005


async def test_key_and_model_of_the_script_are_checked(api: ModelApi, provider: FakeProvider) -> None:
    provider.script = Script(api_key="right-key", models=("gpt-4.1-mini",))
    # To a wrong key Gemini says 400 INVALID_ARGUMENT, with API_KEY_INVALID in the details.
    wrong: type[ModelError] = ModelInvalidRequestError if api == "gemini" else ModelAuthenticationError
    async with open_model(api, provider.root_url) as model:
        with pytest.raises(wrong):
            await model.ainvoke(PROMPT)
    async with open_model(api, provider.root_url, model="no-such-model", api_key="right-key") as model:
        with pytest.raises(ModelNotFoundError):
            await model.ainvoke(PROMPT)
    assert [call.api_key for call in provider.calls] == ["test-key", "right-key"]


async def test_moderation_and_model_lists_answer_the_official_clients(provider: FakeProvider) -> None:
    provider.script = Script(flagged={"grenade": "violence"}, models=("gpt-4.1-mini", "gemini-2.5-flash"))
    async with DefaultAsyncHttpxClient() as http:
        openai = AsyncOpenAI(base_url=provider.openai_url, api_key="k", max_retries=0, http_client=http)
        judged = await openai.moderations.create(input=["A warm loaf.", "A Grenade!"])
        listed = [entry.id async for entry in openai.models.list()]
    assert [result.flagged for result in judged.results] == [False, True]
    assert judged.results[1].categories.violence and not judged.results[1].categories.hate
    google = Client(api_key="k", http_options=HttpOptions(base_url=provider.gemini_url))
    pages = await google.aio.models.list()
    named = [entry.name async for entry in pages]
    await google.aio.aclose()
    google.close()
    assert (listed, named) == (
        ["gpt-4.1-mini", "gemini-2.5-flash"],
        ["models/gpt-4.1-mini", "models/gemini-2.5-flash"],
    )
    assert [call.api for call in provider.calls] == ["moderations", "models", "models"]
    assert provider.generations == []


async def test_script_survives_json() -> None:
    fault = Fault("status", status=429, retry_after=1.5, times=2)
    script = Script(
        rules=(Rule(Reply(json={"a": [1]}, fault=fault), nth=3),), models=("m",), flagged={"x": "hate"}
    )
    assert load_script(dump_script(script)) == script


async def test_provider_process_answers_records_and_is_controlled() -> None:
    async with (
        spawn_provider(Script(default=Reply(hold_after=3))) as remote,
        open_model("chat", remote.root_url) as model,
    ):
        left = asyncio.create_task(stream(model))
        (held,) = await remote.wait_for_held()
        left.cancel()
        await remote.wait_for_disconnect(held["id"])
        await asyncio.wait([left])
        kept = asyncio.create_task(stream(model))
        (held,) = await remote.wait_for_held()
        assert await remote.release(held["id"]) == 1
        texts, _ = await kept
        await remote.set_script(Script(default=Reply(text="new")))
        assert (await model.ainvoke(PROMPT)).text == "new"
        calls = await remote.wait_for_calls(3)
        await remote.forget()
        assert await remote.calls() == []
    assert [call["text_sent"] for call in calls[1:]] == ["".join(texts), "new"]
    assert [(call["finished"], call["disconnected"]) for call in calls] == [
        (False, True),
        (True, False),
        (True, False),
    ]
