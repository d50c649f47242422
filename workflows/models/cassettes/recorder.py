"""Recorder of a run's model calls, as callbacks of any chat model, whoever calls it."""

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, GenerationChunk, LLMResult

from workflows.models.cassettes.cassette import Call, CassetteWriter, ToolCall, fingerprint, purpose_of
from workflows.models.replies.finish import finish_reason


@dataclass(slots=True)
class _OngoingCall:
    """A call in progress."""

    number: int
    attempt: int
    purpose: str
    section: int | None
    fingerprint: str
    began: float
    chunks: list[tuple[int, str]] = field(default_factory=list)
    finish: str | None = None


class CallRecorder(AsyncCallbackHandler):
    """Callback of a run: one line in the file for each finished call."""

    run_inline = True  # otherwise LangChain makes a task of every token

    def __init__(self, file: CassetteWriter) -> None:
        self._file = file
        self._began = time.monotonic()
        self._count = file.calls
        self._open: dict[UUID, _OngoingCall] = {}

    async def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Records the start of a call."""
        del serialized, kwargs
        about = metadata or {}
        self._count += 1
        self._open[run_id] = _OngoingCall(
            number=self._count,
            attempt=int(about.get("attempt", 1)),
            purpose=purpose_of(about),
            section=about.get("section"),
            fingerprint=fingerprint(messages[0]),
            began=time.monotonic(),
        )

    async def on_llm_new_token(
        self,
        token: str | list[str | dict[str, Any]],
        *,
        chunk: GenerationChunk | ChatGenerationChunk | None = None,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        """Records a chunk."""
        del token, kwargs
        open_call = self._open.get(run_id)
        if open_call is None or not isinstance(chunk, ChatGenerationChunk):
            return
        message: Any = chunk.message
        if isinstance(message, AIMessage):
            open_call.finish = finish_reason(message) or open_call.finish
        if text := chunk.message.text:
            open_call.chunks.append((_milliseconds(open_call.began), text))

    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Records the end of the reply."""
        del kwargs
        open_call = self._open.pop(run_id, None)
        generation = response.generations[0][0]
        if open_call is None or not isinstance(generation, ChatGeneration):
            return
        message = generation.message
        assert isinstance(message, AIMessage)
        took = _milliseconds(open_call.began)
        if not open_call.chunks and message.text:  # it came in one piece
            open_call.chunks.append((took, message.text))
        self._write(
            open_call,
            took=took,
            finish=open_call.finish or finish_reason(message),
            usage=dict(message.usage_metadata) if message.usage_metadata else None,
            tool_calls=tuple(ToolCall(name=call["name"], args=call["args"]) for call in message.tool_calls),
        )

    async def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Records a broken reply. The text of an error may be confidential: only its kind is kept."""
        del kwargs
        if (open_call := self._open.pop(run_id, None)) is not None:
            self._write(open_call, took=_milliseconds(open_call.began), broke=type(error).__name__)

    def _write(self, open_call: _OngoingCall, **rest: Any) -> None:
        call = Call(
            number=open_call.number,
            attempt=open_call.attempt,
            purpose=open_call.purpose,
            section=open_call.section,
            fingerprint=open_call.fingerprint,
            at=round(open_call.began - self._began, 3),
            chunks=tuple(open_call.chunks),
            **rest,
        )
        self._file.write(call=call)


def _milliseconds(since: float) -> int:
    return round((time.monotonic() - since) * 1000)
