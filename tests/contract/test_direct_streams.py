"""Streams that are read directly, against the SDK's own reading of the same bytes: over every server and fault."""

import logging
import re
from typing import Any, get_args

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from tests.fakes.answer import split_tokens
from tests.fakes.compatible import BY_NAME
from tests.fakes.provider import FakeProvider
from tests.fakes.raw_server import RawReply, chunk, serve_raw
from tests.fakes.script import Fault, FaultKind, Reply, Script, Usage
from tests.models import open_model
from workflows.models.budget.ledger import Ledger
from workflows.models.budget.prices import PriceRegistry
from workflows.models.calls.calls import ask, stream_text
from workflows.models.clients.model import Model
from workflows.models.wire import direct
from workflows.models.wire.chat_events import RawEvent, join_texts

ASKED = [HumanMessage("Write about 60 words.")]
STORY = "The moon was quiet.\n\nMaya lit the lamp, and all was well: שלום, 你好, 🚀."
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


async def read_model(model: Model, **given: Any) -> tuple[object, ...]:
    """All that LangChain makes of a reply: its parts joined, or the error and what came before it."""
    reply: AIMessageChunk | None = None
    failure: tuple[str, str] | None = None
    try:
        async for part in model.chat.astream(ASKED, **given):
            assert isinstance(part, AIMessageChunk)
            reply = part if reply is None else reply + part
    except Exception as error:
        failure = type(error).__name__, str(error)
    if reply is None:
        return None, failure
    kept = re.sub("call_[0-9a-f]{32}", "call", repr(reply.model_dump(exclude={"id"})))
    return kept, failure


async def read_text(model: Model) -> tuple[str, object]:
    """What readers are shown of a reply, and how it ends."""
    shown = ""
    try:
        async for delta in stream_text(model, ASKED):
            shown += delta
    except Exception as error:
        return shown, (type(error).__name__, str(error))
    return shown, None


class Answer(BaseModel):
    """A form to fill in."""

    title: str
    places: list[str]


async def read_form(model: Model) -> object:
    """What a call makes of an answer in a form, or the error."""
    try:
        return await ask(model, Answer, ASKED)
    except Exception as error:
        return type(error).__name__, str(error)


async def both(
    url: str, name: str, read: Any, token_timeout: float = 60, **given: Any
) -> tuple[object, object]:
    """The same call, read directly and by the SDK."""
    found = []
    for is_direct in (True, False):
        async with open_model(url, name, direct_streams=is_direct, token_timeout=token_timeout) as model:
            found.append(await read(model, **given))
    return found[0], found[1]


@pytest.mark.parametrize("server", sorted(BY_NAME))
@pytest.mark.parametrize("tokens_per_chunk", [1, 7])
@pytest.mark.parametrize("burst", [1, 50])
async def test_reply_of_any_server_is_read_as_by_the_sdk(
    provider: FakeProvider, server: str, tokens_per_chunk: int, burst: int
) -> None:
    reply = Reply(text=STORY, tokens_per_chunk=tokens_per_chunk, burst=burst, usage=Usage(100, 40))
    provider.script = Script(default=reply, server=server)
    directly, by_sdk = await both(provider.root_url, "compatible", read_model)
    assert directly == by_sdk


# LangChain's own reading has no limit of silence: a reply that hangs is ours to end.
@pytest.mark.parametrize(
    ("kind", "read"),
    [
        (kind, read)
        for kind in get_args(FaultKind)
        for read in (read_model, read_text)
        if (kind, read) != ("hang", read_model)
    ],
)
@pytest.mark.parametrize("after", [None, 0, 3])
async def test_fault_of_a_provider_is_read_as_by_the_sdk(
    provider: FakeProvider, kind: FaultKind, after: int | None, read: Any
) -> None:
    provider.script = Script(default=Reply(text=STORY, fault=Fault(kind, after=after)))
    directly, by_sdk = await both(provider.root_url, "chat", read, token_timeout=2 if kind == "hang" else 60)
    assert directly == by_sdk


@pytest.mark.parametrize("name", ["chat", "groq", "ollama"])
async def test_call_of_a_tool_is_read_as_by_the_sdk(provider: FakeProvider, name: str) -> None:
    choice = {"type": "function", "function": {"name": "weather"}}
    directly, by_sdk = await both(provider.root_url, name, read_model, tools=[WEATHER], tool_choice=choice)
    assert directly == by_sdk


@pytest.mark.parametrize(
    "events",
    [
        [chunk({"content": "a"}), chunk({"refusal": "No."}), chunk({}, "stop")],
        [chunk({"content": "a"}), {"error": {"message": "broken", "code": 503}}],
        [chunk({"content": "a"}), {"error": "broken"}],
        [chunk({"content": "a"}), {"error": {"message": ""}}],
        [chunk({"content": "a"}), "no json", chunk({"content": "b"}, "stop")],
        [chunk({"content": "a"}), chunk({"content": "b"}, "length")],
        [chunk({"role": "assistant"}), chunk({"content": ""}), chunk({"content": "a"}, "stop")],
        [chunk({"content": "a"}), "[DONE]", chunk({"content": "after the end"}, "stop")],
        [chunk({"reasoning_content": "hm"}), chunk({"content": "a"}), chunk({}, "stop")],
    ],
)
async def test_stream_of_any_events_ends_for_readers_as_by_the_sdk(events: list[Any]) -> None:
    async with serve_raw(lambda *_: RawReply(events)) as server:
        directly, by_sdk = await both(server.root_url, "compatible", read_text)
    assert directly == by_sdk


async def test_event_that_is_no_object_is_a_fault_of_the_provider() -> None:
    async with serve_raw(lambda *_: RawReply([chunk({"content": "a"}), "[1, 2]"])) as server:
        directly, _ = await both(server.root_url, "compatible", read_text)
    assert isinstance(directly, tuple) and directly[1][0] == "ModelUnavailable"


async def test_reply_that_comes_whole_although_a_stream_was_asked_for_is_read_as_by_the_sdk() -> None:
    whole = {"id": "c", "choices": [{"index": 0, "message": {"content": STORY}, "finish_reason": "stop"}]}
    async with serve_raw(lambda *_: RawReply(whole)) as server:
        directly, by_sdk = await both(server.root_url, "compatible", read_model)
    assert directly == by_sdk


@pytest.mark.parametrize("server", sorted(BY_NAME))
async def test_form_of_any_server_is_read_as_by_the_sdk(provider: FakeProvider, server: str) -> None:
    provider.script = Script(server=server)
    directly, by_sdk = await both(provider.root_url, "compatible", read_form)
    assert isinstance(directly, Answer) and directly == by_sdk
    direct_call, sdk_call = provider.calls
    assert direct_call.body == sdk_call.body


@pytest.mark.parametrize("kind", [kind for kind in get_args(FaultKind) if kind != "hang"])
async def test_form_of_a_provider_at_fault_is_read_as_by_the_sdk(
    provider: FakeProvider, kind: FaultKind
) -> None:
    provider.script = Script(default=Reply(fault=Fault(kind)))
    directly, by_sdk = await both(provider.root_url, "chat", read_form)
    assert directly == by_sdk


async def test_stream_that_is_left_closes_its_connection(provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(text=STORY, hold_after=2))
    async with open_model(provider.root_url, "chat") as model:
        stream = stream_text(model, ASKED)
        await anext(stream)
        await stream.aclose()
        await provider.wait_for_disconnect(provider.calls[0])


async def test_tokens_of_joined_chunks_are_counted_one_by_one(provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(text=STORY * 20, burst=100, tokens_per_chunk=1, hold_after=100))
    counts = []
    for is_direct in (True, False):
        async with open_model(provider.root_url, "chat", direct_streams=is_direct) as model:
            ledger = Ledger(PriceRegistry())
            stream = stream_text(model.reporting(lambda _: None, "writing", 0, ledger), ASKED)
            taken = 0
            async for delta in stream:
                taken += len(split_tokens(delta))
                if taken >= 90:
                    break
            await stream.aclose()
            counts.append(ledger.calls[0].output_tokens)
    assert abs(counts[0] - counts[1]) <= 20 and min(counts) >= 80


async def test_texts_of_one_read_are_one_chunk(provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(text="one two three four five six", burst=100))
    async with open_model(provider.root_url, "chat") as model:
        parts = [part.text async for part in model.chat.astream(ASKED) if part.text]
    assert "".join(parts) == "one two three four five six" and len(parts) <= 2


def test_chunks_that_are_joined_keep_their_text_and_leave_others_alone() -> None:
    def part(text: str, finish: str | None = None, **delta: Any) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": {"content": text, **delta}, "finish_reason": finish}]}

    call, end, mark = part("", tool_calls=[{"index": 0}]), part("d", "stop"), RawEvent("[DONE]", None)
    joined = list(join_texts([part("a"), part("b"), call, part("x" * 300), part("y" * 300), end, mark]))
    assert [event for event, _ in joined] == [part("ab"), call, part("x" * 300), part("y" * 300), end, mark]
    assert [count for _, count in joined] == [2, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("name", ["gpt-test", "o1-pro"])
def test_check_at_the_start_asks_nobody_for_a_model_of_the_responses_api(name: str) -> None:
    for only in (True, None):
        chat = ChatOpenAI(model=name, api_key="k", use_responses_api=only, stream_chunk_timeout=None)
        assert direct.read_directly(chat) and chat.use_responses_api is only


def test_check_at_the_start_finds_a_library_that_reads_dicts_no_more(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chat() -> ChatOpenAI:
        return ChatOpenAI(model="m", api_key="k", stream_chunk_timeout=None)

    ours = chat()
    assert direct.read_directly(ours) and isinstance(ours.async_client, direct.DirectCompletions)
    monkeypatch.setattr(ChatOpenAI, "_convert_chunk_to_generation_chunk", lambda *_: None)
    plain = chat()
    with caplog.at_level(logging.WARNING):
        assert not direct.read_directly(plain)
    assert not isinstance(plain.async_client, direct.DirectCompletions)
    assert "direct_streams_off" in caplog.text
