"""Playback of a cassette as a model: `replay:FILE`, or `replay:FILE?speed=2&match=exact`.

Each call gets the reply that the cassette has for the same messages. Where it has none, because the input or a
prompt is another now, the call gets the reply that the same node got for the same section: so a demonstration tells
its story whatever was typed in. With `match=exact` that is an error, which is what a regression test wants.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.runnables.config import ensure_config
from pydantic import PrivateAttr

from workflows.models.cassettes.cassette import Call, Cassette, CassetteError, fingerprint, purpose_of
from workflows.models.cassettes.replies import MatchMode, ReplyFinder

_FASTEST = 1000.0


class ReplayChat(BaseChatModel):
    """The chat model of a cassette. `speed` 1 plays in real time, 2 in half the time, 0 at once."""

    speed: float = 1.0
    streaming: bool = True
    _replies: ReplyFinder = PrivateAttr()

    def __init__(self, replies: ReplyFinder, speed: float) -> None:
        super().__init__(speed=speed, streaming=True)
        self._replies = replies

    @property
    def _llm_type(self) -> str:
        return "replay"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del stop, run_manager, kwargs
        call = self._find(messages)
        clock = asyncio.get_running_loop().time
        began = clock()
        for milliseconds, text in call.chunks:
            await self._wait(began + milliseconds / 1000 / (self.speed or 1) - clock())
            yield ChatGenerationChunk(message=AIMessageChunk(content=text))
        await self._wait(began + call.took / 1000 / (self.speed or 1) - clock())
        yield ChatGenerationChunk(message=_last_chunk(call))

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) if self.speed else 0)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """The whole reply at once, for callers that don't stream."""
        del stop, run_manager
        return self._whole(self._find(messages), kwargs.get("answers_by"))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """The whole reply when it was whole."""
        del stop, run_manager
        call = self._find(messages)
        await self._wait(call.took / 1000 / (self.speed or 1))
        return self._whole(call, kwargs.get("answers_by"))

    def _whole(self, call: Call, answers_by: str | None) -> ChatResult:
        """The answer as text and as a tool call: the recorded model may have been a fallback with another mode."""
        last = _last_chunk(call)
        text, tools = "".join(text for _, text in call.chunks), last.tool_calls
        if tools and not text:
            text = json.dumps(tools[0]["args"], ensure_ascii=False)
        elif answers_by and not tools and (args := _read_object(text)) is not None:
            tools = [{"name": answers_by, "args": args, "id": "call_0", "type": "tool_call"}]
        message = AIMessage(
            content=text,
            response_metadata=last.response_metadata,
            usage_metadata=last.usage_metadata,
            tool_calls=tools,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model itself: the cassette has the tool's name; `tool_choice` is for a reply that was text."""
        del tools, kwargs
        return self.bind(answers_by=tool_choice)

    def with_structured_output(
        self, schema: Any, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """The recorded structured answer, as a dictionary; the caller validates it by `schema`."""
        del schema, kwargs
        return self | RunnableLambda(_parse_beside if include_raw else _parse)

    def _find(self, messages: Sequence[BaseMessage]) -> Call:
        """The next reply by node, role and section, from the metadata of the model and of its caller."""
        metadata = {**(ensure_config().get("metadata") or {}), **(self.metadata or {})}
        run_id, attempt = metadata.get("run_id"), metadata.get("attempt")
        return self._replies.next(
            fingerprint(messages),
            purpose=purpose_of(metadata),
            section=metadata.get("section"),
            attempt=(run_id, attempt) if run_id and attempt else None,
        )


def _last_chunk(call: Call) -> AIMessageChunk:
    return AIMessageChunk(
        content="",
        response_metadata={"finish_reason": call.finish} if call.finish else {},
        usage_metadata=cast(UsageMetadata, call.usage) if call.usage else None,
        tool_call_chunks=[
            {"name": tool.name, "args": json.dumps(tool.args), "id": f"call_{index}", "index": index}
            for index, tool in enumerate(call.tool_calls)
        ],
        chunk_position="last",
    )


def _parse(message: AIMessage) -> dict[str, Any]:
    if message.tool_calls:
        return message.tool_calls[0]["args"]
    if (answer := _read_object(message.text)) is None:
        raise OutputParserException("The recorded answer is no JSON object.")
    return answer


def _read_object(text: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(text)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _parse_beside(message: AIMessage) -> dict[str, Any]:
    try:
        return {"raw": message, "parsed": _parse(message), "parsing_error": None}
    except OutputParserException as error:
        return {"raw": message, "parsed": None, "parsing_error": error}


def read_name(name: str, speed: float) -> tuple[str, float, MatchMode]:
    """`FILE?speed=2&match=exact` → file, speed, match. Raises ValueError with a sentence."""
    file, _, query = name.partition("?")
    match: MatchMode = "input"
    for option, value in parse_qsl(query, keep_blank_values=True):
        if option == "speed":
            speed = _read_speed(value)
        elif option == "match" and value in ("input", "exact"):
            match = "exact" if value == "exact" else "input"
        else:
            raise ValueError("after replay:FILE? may stand speed=NUMBER and match=input or match=exact")
    if not file or "\0" in file:
        raise ValueError("replay: wants the name of a cassette")
    return file, speed, match


def check_file(name: str) -> None:
    """Raises ValueError with a sentence unless `name`, in the form of a setting, is a playable cassette."""
    file, _, _ = read_name(name, 1.0)
    try:
        Cassette.read(Path(file).expanduser())
    except CassetteError as error:
        raise ValueError(str(error)) from None


def _read_speed(value: str) -> float:
    try:
        speed = float(value)
    except ValueError:
        speed = -1.0
    if not 0 <= speed <= _FASTEST:
        raise ValueError(f"speed is a number from 0 (at once) to {_FASTEST:.0f}; 1 is as recorded")
    return speed
