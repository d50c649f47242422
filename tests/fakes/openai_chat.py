"""OpenAI Chat Completions: requests read, replies framed."""

from time import time
from typing import Any
from uuid import uuid4

import orjson

from tests.fakes.answer import Answer
from tests.fakes.ask import Ask, choose_tool, join_content
from tests.fakes.dialect import Json, frame, split_frame
from tests.fakes.openai_errors import describe_error

_TEXT = "\x00text\x00"


def read_chat(body: Json) -> Ask:
    """The call in a `POST /v1/chat/completions` body."""
    form = body.get("response_format") or {}
    tool = choose_tool([t["function"] for t in body.get("tools", ()) if "function" in t], _forced_tool(body))
    schema = form.get("json_schema", {}).get("schema")
    return Ask(
        api="chat",
        model=body.get("model", ""),
        prompt_text="\n\n".join(join_content(message.get("content")) for message in body.get("messages", ())),
        body=body,
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        json_mode=form.get("type") in {"json_schema", "json_object"},
        schema=tool.get("parameters") if tool else schema,
        tool_name=tool["name"] if tool else None,
    )


def _forced_tool(body: Json) -> str | bool:
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        return str(choice.get("function", {}).get("name"))
    return choice in {"required", "any"}


class ChatDialect:
    """The frames of one chat completion; see `Dialect`."""

    def __init__(self, ask: Ask, answer: Answer) -> None:
        self._ask = ask
        self._answer = answer
        self._id = uuid4().hex
        self._head = {"id": f"chatcmpl-{self._id}", "created": int(time()), "model": ask.model}
        self._head |= {"service_tier": "default", "system_fingerprint": "fp_storywire"}
        self._parts = split_frame(self._chunk(self._spell_delta()), (_TEXT,))

    def open(self) -> bytes:
        """The role, and the head of the tool call where there is one."""
        if self._answer.kind != "tool":
            return frame(self._chunk({"role": "assistant", "content": "", "refusal": None}))
        call = {"index": 0, **self._spell_call("")}
        return frame(
            self._chunk({"role": "assistant", "content": None, "tool_calls": [call], "refusal": None})
        )

    def say(self, text: str, sent: int) -> bytes:  # noqa: ARG002
        """One delta."""
        return orjson.dumps(text).join(self._parts)

    def close(self, sent: int) -> bytes:
        """The finish reason, the usage where it was asked for, and [DONE]."""
        if self._answer.finish is None:
            return b""
        frames = frame(self._chunk({}, self._finish()))
        if self._ask.include_usage:
            frames += frame({**self._base_chunk(), "choices": [], "usage": self._spell_usage(sent)})
        return frames + b"data: [DONE]\n\n"

    def fail(self, status: int, message: str, code: str | None) -> bytes:
        """An error object in place of a chunk."""
        return frame(describe_error(status, message, code))

    def garble(self) -> bytes:
        """A chunk cut off in the middle."""
        return self._parts[0] + b"\n\n"

    def whole(self) -> Json:
        """The completion in one piece."""
        text = "".join(self._answer.tokens)
        message: Json = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
        if self._answer.kind == "tool":
            message |= {"content": None, "tool_calls": [self._spell_call(text)]}
        elif self._answer.kind == "refusal":
            message |= {"content": None, "refusal": text}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish()}
        usage = self._spell_usage(len(self._answer.tokens))
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": usage}

    def _spell_delta(self) -> Json:
        if self._answer.delta is not None:
            return {**self._answer.delta, "text": _TEXT}  # no field of the API
        match self._answer.kind:
            case "tool":
                return {"tool_calls": [{"index": 0, "function": {"arguments": _TEXT}}]}
            case "refusal":
                return {"refusal": _TEXT}
        return {"content": _TEXT}

    def _spell_call(self, arguments: str) -> Json:
        function = {"name": self._ask.tool_name, "arguments": arguments}
        return {"id": f"call_{self._id}", "type": "function", "function": function}

    def _base_chunk(self) -> Json:
        return {**self._head, "object": "chat.completion.chunk"}

    def _chunk(self, delta: Json, finish: str | None = None) -> Json:
        choice: dict[str, Any] = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if self._ask.include_usage else {}
        return {**self._base_chunk(), "choices": [choice], **usage}

    def _finish(self) -> str | None:
        # A call forced by name ends with `stop`, a call that the model was free to make with `tool_calls`.
        named = isinstance(self._ask.body.get("tool_choice"), dict)
        if self._answer.kind == "tool" and self._answer.finish == "stop" and not named:
            return "tool_calls"
        return self._answer.finish

    def _spell_usage(self, sent: int) -> Json:
        usage = self._answer.count_usage(sent)
        return {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }
