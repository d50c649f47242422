"""Replies of servers that speak OpenAI's protocol in their own way, brought to OpenAI's shape."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.models.replies.provider_strings import clean_string, read_count, read_usage
from workflows.models.spec import ModelSpec
from workflows.models.wire.bounds import UnendingReply
from workflows.models.wire.chat import ChatStream, read_completion, read_content
from workflows.models.wire.chat_events import ChatEvents, RawEvent
from workflows.models.wire.errors import find_error, status_of
from workflows.models.wire.frames import EventReader, parse
from workflows.models.wire.refusals import adapt_request, learn_from_refusal
from workflows.models.wire.responses import ResponseStream, read_response
from workflows.models.wire.traits import ServerTraits, TraitsRegistry

Json = dict[str, Any]


def chunk(delta: object = None, finish: object = None, **more: Any) -> Json:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def read(*chunks: Json) -> tuple[str, list[Any], Json | None]:
    """Text, finish reasons and the usage of a stream."""
    stream = ChatStream(ServerTraits())
    choices = [choice for data in chunks for choice in (stream.read(data) or {}).get("choices", ())]
    text = "".join(choice["delta"]["content"] for choice in choices)
    return text, [choice["finish_reason"] for choice in choices if choice["finish_reason"]], stream.end()


# Usage.

TOTALS = {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk({"content": "a"}, usage={**TOTALS, "completion_tokens": n}) for n in range(1, 8)],
        [{"choices": [], "usage": TOTALS}, {"choices": [], "usage": TOTALS}],
        [{"choices": [], "usage": TOTALS}, {"choices": [], "usage": None}],
        [
            {"choices": [], "usage": {"prompt_tokens": 100}},
            {"choices": [], "usage": {"completion_tokens": 7}},
        ],
        [chunk({}, "stop", x_groq={"usage": TOTALS})],
        [{"choices": [], "usage": {"prompt_tokens": "100", "completion_tokens": 7.0}}],
        [{"choices": [], "usage": {"input_tokens": 100, "output_tokens": 7}}],
        [
            chunk({}, "stop", usage={"prompt_tokens": 100, "completion_tokens": 0}),
            {"choices": [], "usage": TOTALS},
        ],
    ],
)
def test_usage_is_the_last_total_however_often_it_is_sent(chunks: list[Json]) -> None:
    _, _, end = read(*chunks)
    assert end is not None
    assert (end["usage"]["prompt_tokens"], end["usage"]["completion_tokens"]) == (100, 7)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -5, "completion_tokens": 7},
        {"prompt_tokens": 5, "completion_tokens": 2**63},
        {"prompt_tokens": 5, "completion_tokens": 10**400},
        {"prompt_tokens": 5, "completion_tokens": float("nan")},
        {"prompt_tokens": 5, "completion_tokens": float("inf")},
        {"prompt_tokens": "many", "completion_tokens": 7},
        {"prompt_tokens": [5], "completion_tokens": 7},
        {"prompt_tokens": True, "completion_tokens": 7},
        {"prompt_tokens": "9" * 5000, "completion_tokens": 7},
        {},
        [],
        "usage",
        3,
        None,
    ],
)
def test_usage_that_cannot_be_believed_is_none(usage: object) -> None:
    assert read_usage(usage) is None


def test_details_of_usage_are_within_their_sums() -> None:
    usage = read_usage(
        {
            **TOTALS,
            "prompt_tokens_details": {"cached_tokens": 900},
            "completion_tokens_details": {"reasoning_tokens": -1},
        }
    )
    assert usage is not None
    assert usage["prompt_tokens_details"] == {"cached_tokens": 100}
    assert usage["completion_tokens_details"] == {"reasoning_tokens": 0}


def test_thoughts_that_are_counted_beside_the_reply_are_part_of_its_output() -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": 50}}
    beside = read_usage({**TOTALS, "total_tokens": 157, **details})
    within = read_usage({"prompt_tokens": 100, "completion_tokens": 57, "total_tokens": 157, **details})
    assert beside == within and beside is not None and beside["completion_tokens"] == 57


@given(st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.booleans(), st.lists(st.integers())))
def test_count_of_anything_is_a_sound_one_or_none(value: object) -> None:
    count = read_count(value)
    assert count is None or 0 <= count <= 100_000_000


def test_usage_of_the_responses_api_is_made_sound_too() -> None:
    odd = {"input_tokens": "12", "output_tokens": 3.0, "output_tokens_details": {"reasoning_tokens": 2}}
    usage = read_response({"usage": odd})["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["output_tokens_details"]) == (
        12,
        3,
        {"reasoning_tokens": 2},
    )
    assert read_response({"usage": {"input_tokens": -1, "output_tokens": 2}})["usage"] is None


# Text.


@pytest.mark.parametrize(
    "thoughts",
    [
        {"reasoning_content": "T"},
        {"reasoning": "T"},
        {"thinking": "T"},
        {"reasoning": "T", "reasoning_details": [{"type": "reasoning.text", "text": "T"}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "T"}]}]},
        {"content": [{"type": "reasoning", "text": "T"}, {"type": "text", "text": ""}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "T"}], "reasoning_content": "T"},
    ],
)
def test_thoughts_in_fields_of_their_own_are_no_text(thoughts: Json) -> None:
    traits = ServerTraits(unmarked_thoughts=True)
    stream = ChatStream(traits)
    first = stream.read(chunk(thoughts))
    assert first is not None and first["choices"][0]["delta"]["content"] == ""
    assert not traits.holds_replies  # what comes in `content` is text from its first word
    whole = read_completion({"choices": [{"message": {**thoughts, "role": "assistant"}}]}, traits)
    assert whole["choices"][0]["message"]["content"] == ""


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a", "a"),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
        ([{"type": "output_text", "text": "a"}, "b"], "ab"),
        ({"type": "text", "text": "a"}, "a"),
        (None, ""),
        (7, ""),
        ([None, 3, {"type": "text"}], ""),
    ],
)
def test_content_of_every_shape_is_its_text(content: object, text: str) -> None:
    assert read_content(content) == text


@pytest.mark.parametrize(
    "odd",
    [
        {"choices": None},
        {"choices": []},
        {"choices": [None]},
        {"choices": [{"index": 0, "delta": None, "finish_reason": None}]},
        {"choices": [{"index": 0, "finish_reason": None, "content_filter_results": {}}]},
        {"choices": [{"index": 1, "delta": {"content": "another"}}]},
        {"id": "", "choices": [], "prompt_filter_results": []},
        {"type": "ping"},
        {},
    ],
)
def test_chunk_without_text_is_a_sign_of_life(odd: Json) -> None:
    assert read(chunk({"content": "a"}), odd, chunk({"content": "b"}, "stop"))[:2] == ("ab", ["stop"])


def test_chunk_without_delta_keeps_its_finish_reason() -> None:
    assert read(chunk({"content": "a"}), chunk(None, "stop"))[1] == ["stop"]


def test_surrogate_pair_that_is_cut_in_two_is_one_character() -> None:
    assert read(chunk({"content": "a\ud83c"}), chunk({"content": "\udf08b"}))[0] == "a🌈b"
    assert read(chunk({"content": "a\udf08b"}))[0] == "a\ufffdb"


def test_refusal_after_text_is_how_the_reply_ended() -> None:
    assert read(chunk({"content": "Once"}), chunk({"refusal": "I can't."}), chunk({}, "stop"))[1] == [
        "refusal"
    ]


def test_strings_of_a_provider_are_bounded_and_can_be_encoded() -> None:
    odd = "\ud83dst\x00op\n" + "x" * 10_000
    stream = ChatStream(ServerTraits())
    data = stream.read(chunk({"content": "a"}, odd, model=odd, id=odd))
    assert data is not None
    json.dumps(data, ensure_ascii=False).encode()
    assert len(data["model"]) <= 200 and len(data["choices"][0]["finish_reason"]) <= 40
    assert clean_string(odd).startswith("st op x") and clean_string(7) == ""


def test_call_of_a_function_has_the_index_and_the_text_that_some_servers_leave_out() -> None:
    call = {"function": {"name": "plan", "arguments": {"title": "Moon"}}}
    stream = ChatStream(ServerTraits(), wants_calls=True)
    stream.read(chunk({"tool_calls": [call]}))
    data = stream.read(chunk({}, "tool_calls"))
    (made,) = data["choices"][0]["delta"]["tool_calls"]
    assert made["index"] == 0 and json.loads(made["function"]["arguments"]) == {"title": "Moon"}


# Errors in replies of status 200.


@pytest.mark.parametrize(
    ("body", "event", "status"),
    [
        ({"error": {"message": "boom", "code": 502}}, None, 502),
        ({"error": {"message": "slow down", "code": 429}, "choices": []}, None, 429),
        ({"error": {"message": "slow down", "type": "rate_limit_error"}}, None, 429),
        ({"error": {"message": "x", "code": "rate_limit_exceeded"}}, None, 429),
        ({"error": {"message": "x", "code": "429"}}, None, 429),
        ({"error": "out of memory"}, None, 502),
        ({"message": "boom", "code": 503}, "error", 503),
        ({"object": "error", "message": "too long", "type": "BadRequestError", "code": 400}, None, 400),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, None, 503),
        ({"choices": [{"error": {"code": 502, "message": "upstream"}, "delta": {"content": ""}}]}, None, 502),
        ({"detail": "Not Found"}, None, 502),
        ({"error": {"message": "x", "type": "authentication_error"}}, None, 401),
        ({"error": {"message": "x", "code": "model_not_found"}}, None, 404),
        ({"error": {"message": "x", "code": {"odd": 1}}}, None, 502),
        ({"errors": [{"message": "x", "code": 429}], "success": False, "result": None}, None, 429),
        ({"errors": ["x"]}, None, 502),
        ({"fault": {"faultstring": "Quota violation", "code": "ratelimit"}}, None, 429),
        ({"exception": "CUDA out of memory", "id": "1"}, None, 502),
        ({"status": "error", "message": "no such model", "id": "1"}, None, 502),
        ({"id": "1", "choices": None, "base_resp": {"status_code": 1004, "status_msg": "no"}}, None, 502),
    ],
)
def test_error_in_a_reply_of_status_200_is_known(body: Json, event: str | None, status: int) -> None:
    error = find_error(body, event)
    assert error is not None and error["message"] and status_of(error) == status


def test_reply_is_no_error() -> None:
    for body in (
        chunk({"content": "error"}),
        {"id": "c", "choices": None},
        {"choices": [], "usage": TOTALS},
        {"error": None, **chunk({})},
        {"errors": [], **chunk({})},
        {"errors": ["a warning"], **chunk({"content": "a"})},
        {"base_resp": {"status_code": 0, "status_msg": "success"}, **chunk({})},
        {"status": "completed", "choices": None},
    ):
        assert find_error(body) is None


# Frames.

EVENTS = [(None, '{"a":1}'), ("error", "x\ny"), (None, "[DONE]"), (None, "שלום 🌈")]
WRITTEN = """: comment


data:{"a":1}

event: error
data: x
data: y

data:

id: 7
retry: 3

data: [DONE]

data: שלום 🌈"""


@given(st.data(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_events_are_the_same_wherever_the_bytes_are_cut(data: st.DataObject, end: str) -> None:
    raw = WRITTEN.replace("\n", end).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=20)))
    reader = EventReader()
    events = [e for a, b in pairwise([0, *cuts, len(raw)]) for e in reader.feed(raw[a:b])]
    assert [*events, *reader.finish()] == EVENTS


# Requests that are refused for a field.

MISTRAL = json.dumps(
    {"message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"]}]}}
)
OPENAI = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."


@pytest.mark.parametrize(
    ("before", "reply", "after"),
    [("max_completion_tokens", MISTRAL, "max_tokens"), ("max_tokens", OPENAI, "max_completion_tokens")],
)
def test_name_of_the_limit_is_learned_from_the_refusal(before: Any, reply: str, after: str) -> None:
    traits = ServerTraits(limit_field=before)
    request = adapt_request({"model": "m", "max_completion_tokens": 9}, traits)
    assert request == {"model": "m", before: 9}
    assert learn_from_refusal(request, reply, traits)
    assert adapt_request({"model": "m", "max_completion_tokens": 9}, traits) == {"model": "m", after: 9}


def test_field_that_can_be_left_out_is_left_out_once_it_was_refused() -> None:
    traits = ServerTraits()
    request = {"model": "m", "stream_options": {"include_usage": True}}
    assert learn_from_refusal(request, "stream_options: Extra inputs are not permitted", traits)
    assert adapt_request(request, traits) == {"model": "m"}


@pytest.mark.parametrize(
    "reply", ["max_tokens is too large: 9", "The model crashed.", "", "Unsupported parameter: 'seed'"]
)
def test_other_refusals_teach_nothing(reply: str) -> None:
    traits = ServerTraits()
    assert not learn_from_refusal({"max_tokens": 9}, reply, traits) and traits == ServerTraits()


def test_model_that_is_known_to_think_in_its_prompt_is_held() -> None:
    names = (
        "deepseek-r1:14b",
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
        "Qwen/QwQ-32B",
        "Qwen3-4B-Thinking-2507",
    )
    assert all(ServerTraits.of(ModelSpec("openai_compatible", name)).holds_replies for name in names)
    others = ("llama-3.3-70b", "qwen3", "gpt-oss-120b", "mistral-small-latest", "tr1ton")
    assert not any(ServerTraits.of(ModelSpec("openai_compatible", name)).holds_replies for name in others)
    assert not ServerTraits.of(ModelSpec("openai", "gpt-5-thinking")).holds_replies


def test_traits_are_shared_and_bounded() -> None:
    known = TraitsRegistry()
    first = known.of(ModelSpec("groq", "a"))
    assert known.of(ModelSpec("groq", "a")) is first
    for number in range(1000):
        known.of(ModelSpec("groq", str(number)))
    assert known.of(ModelSpec("groq", "a")) is not first


@pytest.mark.parametrize("end", ["[DONE]", "[done]", "DONE", '"[DONE]"', " [DONE] "])
def test_end_of_a_stream_is_known_however_a_gateway_writes_it(end: str) -> None:
    events = ChatEvents(ServerTraits())
    assert [*events.read(f"data: {end}\n\n".encode())][-1] == RawEvent("[DONE]", None)


@pytest.mark.parametrize("between", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("field", ["data: ", "data:", ""])
def test_events_without_empty_lines_between_them_or_without_their_field_are_read_one_by_one(
    field: str, between: str
) -> None:
    events = ChatEvents(ServerTraits())
    objects = [chunk({"content": "a"}), chunk({"content": "b"}), {"error": {"message": "x", "code": 503}}]
    lines = between.join(field + json.dumps(one) for one in objects)
    read = [one for one in (*events.read(lines.encode()), *events.read(None)) if isinstance(one, dict)]

    assert [one["choices"][0]["delta"]["content"] for one in read[:2]] == ["a", "b"]
    assert read[2]["error"]["code"] == 503


@pytest.mark.parametrize("data", ['{"a":' * 100_000 + "1" + "}" * 100_000, '{"choices":' + "[" * 100_000])
def test_event_that_is_nested_too_deeply_is_no_json_object(data: str) -> None:
    events = ChatEvents(ServerTraits())
    assert [*events.read(f"data: {data}\n\n".encode())] == [RawEvent(data, None)]

    with pytest.raises(ValueError, match=r"nested|Expecting"):
        parse(data)


# Functions' arguments in the Responses API.


def arguments_event(end: str, **more: Any) -> Json:
    return {"type": f"response.function_call_arguments.{end}", "output_index": 0, "item_id": "i", **more}


@pytest.mark.parametrize(("text", "is_handed_on"), [('{"title": "Moon"}', True), ('{"title": ', False)])
def test_arguments_of_a_function_are_handed_on_in_one_piece_where_they_are_whole(
    text: str, is_handed_on: bool
) -> None:
    stream = ResponseStream()
    assert [stream.read(arguments_event("delta", delta=letter)) for letter in text] == [None] * len(text)
    assert stream.hidden == text
    last = stream.read(arguments_event("done", arguments=text))
    assert last is not None
    assert (last["type"], last.get("delta")) == (
        ("response.function_call_arguments.delta", text)
        if is_handed_on
        else ("response.function_call_arguments.done", None)
    )
    assert stream.hidden == text and not stream.has_ended
    stream.read({"type": "response.completed", "response": {}})
    assert stream.hidden == "" and stream.has_ended


def test_arguments_without_an_end_are_bounded() -> None:
    stream = ResponseStream()
    with pytest.raises(UnendingReply, match="called functions without end"):
        for _ in range(1000):
            stream.read(arguments_event("delta", delta="a" * 1000))
