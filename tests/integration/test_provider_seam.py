"""What a provider may say besides text, over real HTTP: none of it is content, and each has its right ending."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.raw_server import RawReply, RawServer, chunk, serve_raw
from tests.fakes.script import Fault, Reply, Rule, Script, Usage
from tests.models import APIS, ASKED, Verdict, open_model, read_text
from tests.service import CALLS, Told, serve, settings_for
from workflows.errors import StorywireError
from workflows.messages.messages import CallUsage
from workflows.models.budget.ledger import Ledger
from workflows.models.budget.prices import PriceRegistry
from workflows.models.calls.calls import ask
from workflows.models.calls.patience import patience
from workflows.models.clients.model import Model

THOUGHT = "Okay, the reader is seven. I should plan a soft ending first."


def open_raw(server: RawServer, name: str = "compatible") -> AbstractAsyncContextManager[Model]:
    """A model behind the server."""
    return open_model(server.root_url, name)


async def read_raw(*events: Any, **head: Any) -> tuple[str, StorywireError | None, RawServer]:
    """The same of a stream, given event by event, or of another reply."""
    body = list(events) if len(events) != 1 or isinstance(events[0], list) else events[0]
    async with serve_raw(lambda *_: RawReply(body, **head)) as server, open_raw(server) as model:
        return *await read_text(model), server


# Replies that only seem whole.


@pytest.mark.parametrize(
    "last",
    [
        [chunk({"refusal": "I can't go on."}), chunk({}, "stop")],
        [chunk({"refusal": "I can't go on."}, "stop")],
        [chunk({}, "refusal")],
        [chunk({}, "tool_calls")],
        [
            chunk({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]}),
            chunk({}, "tool_calls"),
        ],
        [chunk({"tool_calls": [{"function": {"name": "f", "arguments": {}}}]}), chunk({}, "function_call")],
    ],
)
async def test_text_that_ends_in_a_refusal_or_in_a_call_is_not_whole(last: list[dict[str, Any]]) -> None:
    shown, error, _ = await read_raw(chunk({"content": "Once upon"}), *last, "[DONE]")
    assert shown == "Once upon" and error is not None
    assert (error.code, error.resumable) == ("MODEL_BAD_OUTPUT", True)


@pytest.mark.parametrize(
    ("finish", "code"),
    [
        ("stop", None),
        ("eos", None),
        ("EOS_TOKEN", None),
        ("stop_sequence", None),
        ("end_turn", None),
        ("COMPLETE", None),
        ("", "MODEL_TRUNCATED"),
        (None, "MODEL_TRUNCATED"),
        ("length", "MODEL_TRUNCATED"),
        ("model_length", "MODEL_TRUNCATED"),
        ("MAX_TOKENS", "MODEL_TRUNCATED"),
        ("model_context_window_exceeded", "MODEL_TRUNCATED"),
        ("something_new", "MODEL_TRUNCATED"),
        ("\ud83dwhat\x00" + "x" * 9999, "MODEL_TRUNCATED"),
        (7, "MODEL_TRUNCATED"),
        ("error", "MODEL_UNAVAILABLE"),
        ("insufficient_system_resource", "MODEL_UNAVAILABLE"),
        ("content_filter", "SAFETY_REJECTED"),
        ("sensitive", "SAFETY_REJECTED"),
        ("guardrail_intervened", "SAFETY_REJECTED"),
        ("RECITATION", "MODEL_TRUNCATED"),
    ],
)
async def test_word_for_the_end_of_a_reply_says_how_it_ended(finish: Any, code: str | None) -> None:
    shown, error, _ = await read_raw(chunk({"content": "Once."}), chunk({}, finish), "[DONE]")
    assert shown == "Once." and (error and error.code) == code
    if error is not None:
        assert error.resumable and len(error.message.encode()) < 400


@pytest.mark.parametrize("api", APIS)
async def test_filter_of_a_provider_leaves_what_was_written_before(provider: FakeProvider, api: str) -> None:
    provider.script = Script(default=Reply(text="Once.", fault=Fault("content_filter")))
    async with open_model(provider.root_url, api) as model:
        _, error = await read_text(model)
    assert error is not None and (error.code, error.resumable, error.retryable) == (
        "SAFETY_REJECTED",
        True,
        False,
    )


async def test_recitation_is_no_verdict_on_safety(provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(text="Once.", finish_reason="RECITATION"))
    async with open_model(provider.root_url, "gemini") as model:
        _, error = await read_text(model)
    assert error is not None and (error.code, error.resumable) == ("MODEL_TRUNCATED", True)
    assert "RECITATION" in error.message


# Errors in replies of status 200, and replies that are none.


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": {"message": "slow down", "code": 429}}, "MODEL_RATE_LIMITED"),
        ({"error": {"message": "no credit", "code": 402}}, "MODEL_RATE_LIMITED"),
        ({"error": {"message": "upstream", "code": 502}}, "MODEL_UNAVAILABLE"),
        ({"error": "out of memory"}, "MODEL_UNAVAILABLE"),
        (
            {"object": "error", "message": "This model's maximum context length is 4096", "code": 400},
            "MODEL_BAD_OUTPUT",
        ),
        ({"choices": None}, "MODEL_UNAVAILABLE"),
        (b"<html>Sign in</html>", "MODEL_UNAVAILABLE"),
        (b"", "MODEL_UNAVAILABLE"),
    ],
)
async def test_error_in_a_reply_of_status_200_is_an_error(body: Any, code: str) -> None:
    headers = {"Content-Type": "text/html"} if isinstance(body, bytes) and body else {}
    async with serve_raw(lambda *_: RawReply(body, headers=headers)) as server, open_raw(server) as model:
        shown, error = await read_text(model)
        with pytest.raises(StorywireError) as asked:
            await ask(model, Verdict, ASKED)
    assert shown == "" and error is not None and [error.code, asked.value.code] == [code, code]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        *((body, 200) for body in (b"[1]", b'"fine"', b"null", b"7", b"{}")),
        ({"error": {}}, 200),
        ({"error": {}}, 299),
        (b"null", 202),
        (b"", 204),
    ],
)
async def test_reply_that_is_no_answer_is_the_providers_fault(body: Any, status: int) -> None:
    reply = RawReply(body, status, headers={"Content-Type": "application/json"})
    async with serve_raw(lambda *_: reply) as server, open_raw(server) as model:
        shown, error = await read_text(model)
        with pytest.raises(StorywireError) as asked:
            await ask(model, Verdict, ASKED)
    assert shown == "" and error is not None
    assert [error.code, asked.value.code] == ["MODEL_UNAVAILABLE"] * 2 and len(server.requests) == 2


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"error": {"message": "boom", "code": "server_error"}}, "MODEL_UNAVAILABLE"),
        ({"error": {"message": "slow", "code": 429}}, "MODEL_RATE_LIMITED"),
        (
            {"error": {"message": "slow", "code": "rate_limit_exceeded", "type": "tokens"}},
            "MODEL_RATE_LIMITED",
        ),
        ({"error": "boom"}, "MODEL_UNAVAILABLE"),
        (b'event: error\ndata: {"message": "boom"}\n\n', "MODEL_UNAVAILABLE"),
        (b'error: {"code": 500, "message": "boom"}\n\n', "MODEL_UNAVAILABLE"),
        (b"data: {not json\n\n", "MODEL_UNAVAILABLE"),
    ],
)
async def test_error_in_mid_stream_keeps_what_came_before(event: Any, code: str) -> None:
    shown, error, _ = await read_raw(chunk({"content": "Once"}), event, "[DONE]")
    assert shown == "Once" and error is not None and (error.code, error.resumable) == (code, True)


async def test_server_that_does_not_stream_is_understood() -> None:
    message = {"role": "assistant", "content": "<think>Hm.</think>Once.", "reasoning": "Hm."}
    whole = {
        "id": "c",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }
    assert (await read_raw(whole))[:2] == ("Once.", None)


async def test_redirect_is_one_request_and_a_sentence() -> None:
    headers = {"Location": "/v1/chat/completions"}
    _, error, server = await read_raw({}, status=307, headers=headers)
    assert len(server.requests) == 1 and error is not None
    assert "redirects" in error.message and "STORYWIRE_COMPATIBLE_BASE_URL" in error.message


async def test_redirect_of_gemini_is_one_request_too() -> None:
    reply = RawReply({}, status=308, headers={"Location": "/v1beta/models/gemini-test:streamGenerateContent"})
    async with serve_raw(lambda *_: reply) as server, open_model(server.root_url, "gemini") as model:
        _, error = await read_text(model)
    assert len(server.requests) == 1 and error is not None and error.code == "MODEL_UNAVAILABLE"


# What a request was refused for.


@pytest.mark.parametrize(
    ("status", "body", "code", "says"),
    [
        (
            400,
            {"error": "'response_format.type' must be 'text'"},
            "MODEL_BAD_OUTPUT",
            "STRUCTURED_MODES=openai_compatible:qwen-test=tools",
        ),
        (400, {"error": {"message": "max_tokens is too large: 9"}}, "MODEL_BAD_OUTPUT", "max_output_tokens"),
        (
            400,
            {"error": {"message": "maximum context length is 4096 tokens"}},
            "MODEL_BAD_OUTPUT",
            "too long",
        ),
        (
            400,
            {"error": {"code": "content_filter", "message": "content management policy"}},
            "SAFETY_REJECTED",
            "filter",
        ),
        (
            400,
            {"error": {"message": "qwen-test is not a valid model ID"}},
            "MODEL_NOT_CONFIGURED",
            "STORYWIRE_MODEL",
        ),
        (
            422,
            {"detail": [{"loc": ["body", "temperature"], "msg": "Extra inputs"}]},
            "MODEL_BAD_OUTPUT",
            "as it is",
        ),
        (402, {"error": {"message": "Insufficient credits"}}, "MODEL_RATE_LIMITED", "out of credit"),
        (403, {"error": {"message": "Your input was flagged", "code": 403}}, "SAFETY_REJECTED", "filter"),
    ],
)
async def test_refused_answer_says_what_would_help(status: int, body: Any, code: str, says: str) -> None:
    async with serve_raw(lambda *_: RawReply(body, status)) as server, open_raw(server) as model:
        with pytest.raises(StorywireError) as refused:
            await ask(model, Verdict, ASKED)
    assert len(server.requests) == 1
    assert refused.value.code == code and says in refused.value.message
    if "STRUCTURED" not in says:
        assert "STRUCTURED_MODES" not in refused.value.message


# Answers in a form.


@pytest.mark.parametrize("api", ["chat", "responses", "compatible", "gemini"])
@pytest.mark.parametrize(
    "dressed",
    [
        "```json\n{}\n```",
        "```json\n{}",
        "Here is the JSON:\n{}",
        "{}\n\nShall I go on?",
        '<think>\nThe form wants {{"approved": …}}.\n</think>\n\n{}',
        'I think of {{"approved": true}} first.</think>{}',
        "\ufeff{}",
        "[{}]",
        "{}<|im_end|>",
        '<tool_call>{{"name": "Verdict", "arguments": {}}}</tool_call>',
    ],
)
async def test_answer_is_found_in_whatever_is_around_it(
    provider: FakeProvider, api: str, dressed: str
) -> None:
    answer = '{"approved": false, "notes": ["<think>Hm.</think>Too \\"sad\\"."]}'
    provider.script = Script(default=Reply(text=dressed.format(answer)))
    async with open_model(provider.root_url, api) as model:
        verdict = await ask(model, Verdict, ASKED)
    assert verdict == Verdict(approved=False, notes=['Too "sad".'])


async def test_answer_out_of_form_names_the_setting_that_may_help(provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(text="I'd rather not."))
    async with open_model(provider.root_url, "compatible") as model:
        with pytest.raises(
            StorywireError, match="STORYWIRE_STRUCTURED_MODES=openai_compatible:qwen-test=tools"
        ):
            await ask(model, Verdict, ASKED)


# Usage.


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("usage", [Usage(2**62, 5), Usage(-5, 40), Usage(10, -1)])
async def test_usage_that_cannot_be_believed_is_estimated(
    provider: FakeProvider, api: str, usage: Usage
) -> None:
    provider.script = Script(default=Reply(text="Once upon a time. " * 9, usage=usage))
    spent: list[CallUsage] = []
    async with open_model(provider.root_url, api) as model:
        shown, error = await read_text(model.reporting(spent.append, "writing", 0, Ledger(PriceRegistry())))
    assert shown and error is None
    (told,) = spent
    assert told.estimated and 0 < told.input_tokens < 1000 and 0 < told.output_tokens < 1000


# Thoughts.


async def test_thoughts_before_a_lone_closing_tag_are_taken_back_once_and_held_from_then_on(
    provider: FakeProvider, tmp_path: Path
) -> None:
    """The reply was paid for, so no section is bought again."""
    text = f"{THOUGHT}\n</think>\n\n" + "The moon was quiet, and Maya lit the lamp. " * 12
    provider.script = Script(rules=(Rule(Reply(text=text), structured=False),))
    settings = settings_for(provider, tmp_path, revisions=0)
    async with serve(settings) as service:
        first, second = Told(), Told()
        retracted = [0, 0]
        for index, told in enumerate((first, second)):
            run = await service.client.start(keep_length=False)
            async for frame in service.client.frames(run):
                told.take(frame)
                retracted[index] += frame.message.type == "retract"
    for told in (first, second):
        assert told.ending is not None and told.ending["type"] == "complete", told.ending
        assert "reader is seven" not in told.text and "think" not in told.text
        assert told.text.startswith("The moon was quiet")
    assert retracted[0] >= 1 and retracted[1] == 0
    assert len(provider.generations) == 2 * CALLS


async def test_model_that_plans_with_thoughts_before_a_lone_closing_tag_is_held_from_its_first_text(
    provider: FakeProvider,
) -> None:
    answer = '{"approved": true, "notes": ["Good."]}'
    plan = Rule(Reply(text=f"{THOUGHT}</think>{answer}"), structured=True)
    provider.script = Script(rules=(plan,), default=Reply(text=f"{THOUGHT}</think>Once."))
    async with open_model(provider.root_url, "compatible") as model:
        await ask(model, Verdict, ASKED)
        assert await read_text(model) == ("Once.", None)


async def test_reply_of_nothing_but_thoughts_is_told_as_that() -> None:
    for last in ("</think>", ""):
        shown, error, _ = await read_raw(chunk({"content": f"<think>{THOUGHT}{last}"}), chunk({}, "stop"))
        assert shown == "" and error is not None and "thoughts" in error.message


async def test_thoughts_are_a_sign_of_life_and_no_text() -> None:
    thought = [chunk({"reasoning_content": THOUGHT}) for _ in range(20)]
    assert (await read_raw(*thought, chunk({"content": "Once."}, "stop")))[:2] == ("Once.", None)


# Time.


async def test_time_in_which_the_process_was_stopped_is_not_the_models() -> None:
    loop = asyncio.get_running_loop()
    async with patience(0.4, suspended=0.2):
        loop.call_soon(time.sleep, 0.9)  # as a stopped process: nothing of it runs
        await asyncio.sleep(1)


async def test_silence_of_a_process_that_is_awake_counts() -> None:
    with pytest.raises(TimeoutError):
        async with patience(0.1):
            await asyncio.Event().wait()
