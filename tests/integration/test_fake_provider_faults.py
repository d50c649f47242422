"""Every fault of the fake provider, as langchain's chat models show it.

What arrives here is what the error mapping of the product has to tell apart.
"""

from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import Any

import httpx
import openai
import pytest
from google.genai.errors import UnknownApiResponseError
from langchain_core.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
    OutputParserException,
)
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai.chat_models.base import OpenAIRefusalError
from pydantic import BaseModel, SecretStr, ValidationError

from tests.fakes.clients import MODEL_APIS, MODEL_NAMES, ModelApi, open_model
from tests.fakes.provider import FakeProvider, refuse_port
from tests.fakes.script import Fault, Reply, Rule, Script

PROMPT = "Write about 60 words."


class Verdict(BaseModel):
    approved: bool
    note: str


@dataclass
class Heard:
    """What a reader of a stream got before it ended or broke."""

    text: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


async def listen(model: BaseChatModel, heard: Heard) -> None:
    whole: AIMessageChunk | None = None
    async for chunk in model.astream(PROMPT):
        whole = chunk if whole is None else whole + chunk
        heard.text += str(chunk.text)
        heard.metadata = whole.response_metadata


Expected = dict[ModelApi, type[Exception]]


def everywhere(kind: type[Exception]) -> Expected:
    return dict.fromkeys(MODEL_APIS, kind)


def split(openai_kind: type[Exception], gemini_kind: type[Exception]) -> Expected:
    return {"chat": openai_kind, "responses": openai_kind, "gemini": gemini_kind}


BREAKING: list[tuple[Fault, Expected]] = [
    (Fault("status", status=400), everywhere(ModelInvalidRequestError)),
    (Fault("status", status=401), everywhere(ModelAuthenticationError)),
    (Fault("bad_key"), split(ModelAuthenticationError, ModelInvalidRequestError)),
    (Fault("status", status=403), everywhere(ModelPermissionDeniedError)),
    (Fault("status", status=404), everywhere(ModelNotFoundError)),
    (Fault("status", status=429, retry_after=7), everywhere(ModelRateLimitError)),
    (Fault("status", status=500), everywhere(ModelAPIError)),
    (Fault("status", status=503), everywhere(ModelAPIError)),
    # Errors inside a stream that has begun: only Gemini's are classified.
    (
        Fault("status", status=429, after=3),
        {"chat": openai.APIError, "responses": ValueError, "gemini": ModelRateLimitError},
    ),
    (
        Fault("status", status=503, after=3),
        {"chat": openai.APIError, "responses": ValueError, "gemini": ModelAPIError},
    ),
    (Fault("hang"), split(ModelTimeoutError, httpx.ReadTimeout)),
    (Fault("hang", after=3), split(ModelTimeoutError, httpx.ReadTimeout)),
    (Fault("drop"), split(ModelConnectionError, httpx.ReadError)),
    (Fault("drop", after=3), split(ModelConnectionError, httpx.ReadError)),
    (Fault("close"), split(ModelConnectionError, httpx.RemoteProtocolError)),
    (Fault("close", after=3), split(ModelConnectionError, httpx.RemoteProtocolError)),
    (Fault("bad_json", after=3), split(JSONDecodeError, UnknownApiResponseError)),
]


@pytest.mark.parametrize("api", MODEL_APIS)
@pytest.mark.parametrize(("fault", "expected"), BREAKING, ids=lambda value: _name(value))
async def test_stream_with_breaking_fault_raises_after_the_tokens_before_it(
    provider: FakeProvider, api: ModelApi, fault: Fault, expected: Expected
) -> None:
    provider.script = Script(default=Reply(fault=fault))
    heard = Heard()
    patience = 1.5 if fault.kind == "hang" else 20.0
    async with open_model(api, provider.root_url, patience=patience) as model:
        with pytest.raises(expected[api]) as caught:
            await listen(model, heard)
        assert isinstance(caught.value, ModelError) == issubclass(expected[api], ModelError)
        (call,) = provider.calls  # and no second request
        assert heard.text == "".join(call.tokens[: fault.after or 0])
        if fault.kind == "hang":
            await provider.wait_for_disconnect(call)


def _name(value: object) -> str:
    if not isinstance(value, Fault):
        return ""
    number = value.status if value.kind == "status" else ""
    return f"{value.kind}{number}-{'early' if value.after is None else value.after}"


FINISHES: list[tuple[Fault, dict[ModelApi, dict[str, Any]]]] = [
    (Fault("no_finish", after=3), {"chat": {}, "responses": {}, "gemini": {}}),
    (
        Fault("length", after=3),
        {
            "chat": {"finish_reason": "length"},
            "responses": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "gemini": {"finish_reason": "MAX_TOKENS"},
        },
    ),
    (
        Fault("content_filter", after=3),
        {
            "chat": {"finish_reason": "content_filter"},
            "responses": {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "gemini": {"finish_reason": "SAFETY"},
        },
    ),
    (
        Fault("empty"),
        {
            "chat": {"finish_reason": "stop"},
            "responses": {"status": "completed"},
            "gemini": {"finish_reason": "STOP"},
        },
    ),
    (
        Fault("refusal"),
        {"chat": {"finish_reason": "stop"}, "responses": {"status": "completed"}, "gemini": {}},
    ),
]


@pytest.mark.parametrize("api", MODEL_APIS)
@pytest.mark.parametrize(("fault", "expected"), FINISHES, ids=lambda value: _name(value))
async def test_stream_with_odd_ending_raises_nothing_and_tells_in_its_metadata(
    provider: FakeProvider, api: ModelApi, fault: Fault, expected: dict[ModelApi, dict[str, Any]]
) -> None:
    provider.script = Script(default=Reply(fault=fault))
    heard = Heard()
    async with open_model(api, provider.root_url) as model:
        await listen(model, heard)
    keys = ("finish_reason", "status", "incomplete_details")
    assert {key: heard.metadata[key] for key in keys if key in heard.metadata} == expected[api]
    refused_by_gemini = api == "gemini" and fault.kind == "refusal"
    assert ("prompt_feedback" in heard.metadata) == refused_by_gemini
    assert heard.text == ("".join(provider.calls[0].tokens) if fault.after else "")


STRUCTURED: list[tuple[Fault, Expected]] = [
    (
        Fault("length", after=2),
        {
            "chat": openai.LengthFinishReasonError,
            "responses": ValidationError,
            "gemini": OutputParserException,
        },
    ),
    (
        Fault("content_filter", after=2),
        {
            "chat": openai.ContentFilterFinishReasonError,
            "responses": ValidationError,
            "gemini": OutputParserException,
        },
    ),
    (Fault("refusal"), split(OpenAIRefusalError, OutputParserException)),
    (Fault("empty"), {"chat": ValueError, "responses": ValidationError, "gemini": OutputParserException}),
    (Fault("bad_json"), everywhere(JSONDecodeError)),
    (Fault("drop", after=0), split(ModelConnectionError, httpx.ReadError)),
]


@pytest.mark.parametrize("api", MODEL_APIS)
@pytest.mark.parametrize(("fault", "expected"), STRUCTURED, ids=lambda value: _name(value))
async def test_structured_call_with_fault_raises(
    provider: FakeProvider, api: ModelApi, fault: Fault, expected: Expected
) -> None:
    provider.script = Script(default=Reply(fault=fault))
    async with open_model(api, provider.root_url) as model:
        with pytest.raises(expected[api]):
            await model.with_structured_output(Verdict, method="json_schema").ainvoke(PROMPT)
    assert len(provider.calls) == 1


async def test_gemini_structured_call_cut_short_passes_as_whole_when_the_fields_are_there(
    provider: FakeProvider,
) -> None:
    verdict = {"approved": True, "note": "all is well, my friend"}
    provider.script = Script(default=Reply(json=verdict, fault=Fault("length", after=6)))
    async with open_model("gemini", provider.root_url) as model:
        structured = model.with_structured_output(Verdict, method="json_schema", include_raw=True)
        result = await structured.ainvoke(PROMPT)
    assert isinstance(result, dict)
    assert result["parsed"] == Verdict(approved=True, note="all")  # langchain closed the JSON itself
    assert result["raw"].response_metadata["finish_reason"] == "MAX_TOKENS"


@pytest.mark.parametrize("api", MODEL_APIS)
async def test_rate_limit_tells_when_to_come_back(provider: FakeProvider, api: ModelApi) -> None:
    provider.script = Script(default=Reply(fault=Fault("status", status=429, retry_after=7)))
    async with open_model(api, provider.root_url) as model:
        with pytest.raises(ModelRateLimitError) as caught:
            await model.ainvoke(PROMPT)
    error: Any = caught.value.__cause__
    assert error.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("api", MODEL_APIS)
async def test_fault_with_times_lets_the_resumed_call_succeed(provider: FakeProvider, api: ModelApi) -> None:
    fault = Fault("drop", after=3, times=1)
    provider.script = Script(rules=(Rule(Reply(fault=fault), contains="60 words"),))
    broken, resumed = Heard(), Heard()
    async with open_model(api, provider.root_url) as model:
        with pytest.raises((ModelConnectionError, httpx.ReadError)):
            await listen(model, broken)
        await listen(model, resumed)
    first, second = provider.calls
    assert (broken.text, resumed.text) == (first.text_sent, second.text_sent)
    assert (first.finished, first.disconnected, second.finished) == (False, False, True)


@pytest.mark.parametrize("attempts", [0, 1])
async def test_gemini_with_max_retries_0_or_1_sends_one_request(
    provider: FakeProvider, attempts: int
) -> None:
    provider.script = Script(default=Reply(fault=Fault("status", status=503)))
    model = ChatGoogleGenerativeAI(
        model=MODEL_NAMES["gemini"],
        base_url=provider.gemini_url,
        api_key=SecretStr("k"),
        max_retries=attempts,
    )
    with pytest.raises(ModelAPIError):
        await listen(model, Heard())
    await model.aclose()
    assert len(provider.calls) == 1


@pytest.mark.parametrize("api", MODEL_APIS)
async def test_refused_connection_raises(api: ModelApi) -> None:
    with refuse_port() as port:
        async with open_model(api, f"http://127.0.0.1:{port}") as model:
            with pytest.raises(httpx.ConnectError if api == "gemini" else ModelConnectionError):
                await listen(model, Heard())
