"""Replies that go on without a text: each is left within its bounds, at a cost in proportion to its length."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.messages import ai as langchain_messages
from langchain_core.utils.json import parse_partial_json

from tests.fakes.raw_server import RawReply, chunk, serve_raw
from tests.models import ASKED, open_model, read_text
from workflows.errors import StorywireError
from workflows.messages.messages import CallUsage
from workflows.models.budget.ledger import Caps, Ledger
from workflows.models.budget.prices import PriceRegistry
from workflows.models.calls.patience import Countdown, guard
from workflows.models.wire.bodies import translated
from workflows.models.wire.bounds import MOST_ARGUMENTS, MOST_CALLS, MOST_EMPTY, MOST_EVENT, UnendingReply
from workflows.models.wire.chat import ChatStream
from workflows.models.wire.traits import ServerTraits

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def calling(arguments: str, index: int = 0, **more: Any) -> dict[str, Any]:
    """A chunk with a fragment of a function's call."""
    call = {"index": index, "type": "function", "function": {"name": "x", "arguments": arguments}, **more}
    return chunk({"tool_calls": [call]})


def different_thoughts(words: int) -> list[dict[str, Any]]:
    return [chunk({"reasoning_content": f"w{number * 7919} "}) for number in range(words)]


CIRCLES = [chunk({"reasoning_content": "hm "})] * 600


@pytest.mark.parametrize(
    ("frames", "is_direct"),
    [
        ([calling("aaaa", id="a")] * 600, True),
        ([calling("aaaa", number, id=f"c{number}") for number in range(600)], False),
        (CIRCLES, True),
        (CIRCLES, False),
        ([chunk({"content": [{"type": "thinking", "thinking": "I know. "}]})] * 600, True),
        ([chunk({"content": ""})] * (MOST_EMPTY + 1), True),
    ],
    ids=["arguments", "calls", "circles", "circles by the SDK", "parts", "empty"],
)
async def test_reply_that_never_brings_text_is_left(frames: list[Any], is_direct: bool) -> None:
    body = RawReply([*frames, chunk({"content": "Too late."}, "stop"), "[DONE]"])
    async with (
        serve_raw(lambda *_: body) as server,
        open_model(server.root_url, "compatible", direct_streams=is_direct) as model,
    ):
        shown, error = await read_text(model)
    assert shown == "" and error is not None
    assert (error.code, error.resumable) == ("MODEL_BAD_OUTPUT", True)
    assert "stopped" in error.message


@pytest.mark.parametrize(
    "odd",
    [
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
        {"choices": []},
        chunk({"role": "assistant"}),
        chunk({"content": "", "reasoning_content": ""}),
    ],
)
def test_events_that_say_nothing_are_bounded(odd: dict[str, Any]) -> None:
    stream = ChatStream(ServerTraits())
    for _ in range(3):  # however many there are in all
        for _ in range(MOST_EMPTY):
            stream.read(odd)
        stream.read(chunk({"content": "Once"}))
    with pytest.raises(UnendingReply, match="without writing anything"):
        for _ in range(MOST_EMPTY + 1):
            stream.read(odd)


@pytest.mark.parametrize("is_direct", [True, False])
async def test_call_of_a_function_is_read_once_in_however_many_pieces_it_comes(
    is_direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps({"approved": True, "notes": ["x" * 2000]})
    pieces = [calling(text[start : start + 4]) for start in range(0, len(text), 4)]
    lengths: list[int] = []
    parse = parse_partial_json

    def record(given: str, **options: Any) -> Any:
        lengths.append(len(given))
        return parse(given, **options)

    monkeypatch.setattr(langchain_messages, "parse_partial_json", record)
    for end in ([], [calling('{"cut": "')]):
        body = RawReply([*pieces, *end, chunk({}, "tool_calls"), "[DONE]"])
        reply: AIMessageChunk | None = None
        lengths.clear()
        async with (
            serve_raw(lambda *_, body=body: body) as server,
            open_model(server.root_url, "compatible", direct_streams=is_direct) as model,
        ):
            async for part in model.chat.bind_tools([WEATHER]).astream(ASKED):
                assert isinstance(part, AIMessageChunk)
                reply = part if reply is None else reply + part
        assert reply is not None and sum(lengths) <= 10 * len(text)
        assert (reply.tool_calls[0]["args"] == json.loads(text)) if not end else not reply.tool_calls
        assert reply.text == ("" if not end else text + '{"cut": "')


@pytest.mark.parametrize("more", ["arguments", "calls"])
def test_calls_of_functions_are_bounded(more: str) -> None:
    stream = ChatStream(ServerTraits(), wants_calls=True)
    with pytest.raises(UnendingReply, match="called functions without end"):
        for number in range(2 * MOST_CALLS):
            stream.read(calling("a" * (MOST_ARGUMENTS // MOST_CALLS), number if more == "calls" else 0))


@pytest.mark.parametrize("is_direct", [True, False])
@pytest.mark.parametrize("beside", ["thoughts", "arguments"])
async def test_thoughts_count_towards_what_a_run_may_write(is_direct: bool, beside: str) -> None:
    told: list[CallUsage] = []
    frames = different_thoughts(3000)
    if beside == "arguments":
        frames = [calling(f"w{number * 7919} ") for number in range(3000)]
    body = RawReply([*frames, chunk({"content": "Too late."}, "stop"), "[DONE]"])
    ledger = Ledger(PriceRegistry(), Caps(max_output_tokens=500))
    async with (
        serve_raw(lambda *_: body) as server,
        open_model(server.root_url, "compatible", direct_streams=is_direct) as model,
    ):
        shown, error = await read_text(model.reporting(told.append, "writing", 0, ledger))
    assert shown == "" and error is not None and error.code == "BUDGET_EXCEEDED"
    [spent] = told
    assert spent.estimated and 500 <= spent.output_tokens <= 1200


async def test_items_that_say_nothing_are_signs_of_life_only_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the seconds between two items: each is within the patience for one, all together are beyond the longer one."""
    heard: list[str] = []

    async def beat(*items: str) -> AsyncIterator[str]:
        for item in items:
            yield item

    async with open_model("http://127.0.0.1:9", "compatible") as opened:
        model = replace(opened, token_timeout=5, answer_timeout=9.5)
        monkeypatch.setattr(Countdown, "passed", 3.0)
        async for item in guard(model, beat("", "", "", "a", "", "", "", "b"), bool):
            heard.append(item)
        with pytest.raises(StorywireError) as found:
            async for item in guard(model, beat("", "a", "", "", "", "", "b"), bool):
                heard.append(item)
    assert found.value.code == "MODEL_TIMEOUT"
    assert "".join(heard) == "aba" and len(heard) == 8 + 5


RESPONSE: dict[str, Any] = {
    "id": "r",
    "object": "response",
    "model": "m",
    "status": "completed",
    "output": [],
    "usage": None,
}
SPOKEN = [
    {"type": "response.created", "response": {**RESPONSE, "status": "in_progress"}, "sequence_number": 0},
    {
        "type": "response.output_text.delta",
        "delta": "Once upon a time.",
        "item_id": "i",
        "output_index": 0,
        "content_index": 0,
        "sequence_number": 1,
    },
    {"type": "response.completed", "response": RESPONSE, "sequence_number": 2},
]


@pytest.mark.parametrize(
    ("name", "is_direct", "frames"),
    [
        ("compatible", True, [chunk({"content": "Once upon a time."}, "stop")]),
        ("compatible", False, [chunk({"content": "Once upon a time."}, "stop")]),
        ("responses", True, SPOKEN),
    ],
)
async def test_reply_that_has_ended_is_whole_though_its_server_neither_says_so_nor_hangs_up(
    name: str, is_direct: bool, frames: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translated, "_AFTER_END_SECONDS", 0.05)
    for after in ([], [chunk({})] * 3 if name == "compatible" else []):
        body = RawReply([*frames, *after], hangs=True)
        async with (
            serve_raw(lambda *_, body=body: body) as server,
            open_model(server.root_url, name, direct_streams=is_direct) as model,
        ):
            assert await read_text(model) == ("Once upon a time.", None)


async def test_usage_that_comes_after_the_end_is_counted() -> None:
    told: list[CallUsage] = []
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 77, "total_tokens": 80}}
    body = RawReply([chunk({"content": "Once upon a time."}, "stop"), usage, "[DONE]"])
    async with serve_raw(lambda *_: body) as server, open_model(server.root_url, "compatible") as model:
        metered = model.reporting(told.append, "writing", 0, Ledger(PriceRegistry()))
        assert await read_text(metered) == ("Once upon a time.", None)
    assert [spent.output_tokens for spent in told] == [77]


@pytest.mark.parametrize("is_stream", [True, False])
async def test_event_or_reply_of_many_megabytes_is_left(is_stream: bool) -> None:
    long = chunk({"content": "word " * (MOST_EVENT // 4)}, "stop")
    async with (
        serve_raw(lambda *_: RawReply([long] if is_stream else long)) as server,
        open_model(server.root_url, "compatible") as model,
    ):
        shown, error = await read_text(model)
    assert shown == "" and error is not None and error.code == "MODEL_BAD_OUTPUT"
    assert "more than 2,097,152 bytes" in error.message
