"""Servers that speak OpenAI's protocol in their own way: how each frames the very same reply.

Written by hand after what each server sends: its documents, its source, and streams in public bug reports.
"""

from typing import Any, ClassVar

import orjson

from tests.fakes.answer import Answer
from tests.fakes.ask import Ask
from tests.fakes.dialect import Json

THOUGHT = "The reader is seven, so a soft ending. "
"""What every model thinks before it writes."""
_CREATED = 1760000000


def data(value: Any) -> bytes:
    """A frame as OpenAI's servers write it."""
    return b"data: " + orjson.dumps(value) + b"\n\n"


class CompatibleServer:
    """A server in OpenAI's own words; its subclasses say what is different. See `Dialect`."""

    name: ClassVar[str] = ""
    limit_field: ClassVar[str] = "max_tokens"
    """The only name under which it takes a limit of tokens."""
    said: ClassVar[str] = ""
    """What is different, for the documents."""

    def __init__(self, ask: Ask, answer: Answer) -> None:
        self.ask = ask
        self.answer = answer

    @classmethod
    def refuse(cls, body: Json) -> tuple[int, Json] | None:
        """Status and body of its reply to a request that it doesn't take."""
        del body
        return None

    # Streams.

    def open(self) -> bytes:
        return self.frame({"role": "assistant", "content": ""}) + self.think()

    def think(self) -> bytes:
        """Thoughts, as it sends them."""
        return self.frame({"reasoning_content": THOUGHT})

    def say(self, text: str, sent: int) -> bytes:
        del sent
        return self.frame({"content": text})

    def close(self, sent: int) -> bytes:
        if self.answer.finish is None:
            return b""
        usage = data({**self.head(), "choices": [], "usage": self.usage(sent)})
        return self.frame({}, self.answer.finish) + usage + b"data: [DONE]\n\n"

    def fail(self, status: int, message: str, code: str | None) -> bytes:
        del code
        return data({"error": {"message": message, "type": "server_error", "code": status}})

    def garble(self) -> bytes:
        return b'data: {"id": \n\n'

    def head(self) -> Json:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": _CREATED,
            "model": self.ask.model,
        }

    def frame(self, delta: Json | None, finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return data({**self.head(), "choices": [choice], **more})

    def usage(self, sent: int) -> Json:
        counted = self.answer.count_usage(sent)
        both = counted.input_tokens + counted.output_tokens
        return {
            "prompt_tokens": counted.input_tokens,
            "completion_tokens": counted.output_tokens,
            "total_tokens": both,
        }

    # Replies in one piece.

    def message(self, text: str) -> Json:
        return {"role": "assistant", "content": text, "reasoning_content": THOUGHT}

    def whole(self) -> Json:
        text = "".join(self.answer.tokens)
        message = self.message(text)
        if self.answer.kind == "tool":
            function = {"name": self.ask.tool_name, "arguments": text}
            message |= {
                "content": None,
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
            }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.answer.finish}
        head = {**self.head(), "object": "chat.completion"}
        return {**head, "choices": [choice], "usage": self.usage(len(self.answer.tokens))}


class Vllm(CompatibleServer):
    name = "vLLM"
    said = "a running total of tokens in each chunk; thoughts in `reasoning`; errors as `object: error`"

    def think(self) -> bytes:
        return self.frame({"reasoning": THOUGHT, "reasoning_content": THOUGHT}, usage=self.usage(8))

    def say(self, text: str, sent: int) -> bytes:
        return self.frame({"content": text}, usage=self.usage(sent))

    def fail(self, status: int, message: str, code: str | None) -> bytes:
        del code
        kind = "InternalServerError"
        return (
            data({"object": "error", "message": message, "type": kind, "param": None, "code": status})
            + b"data: [DONE]\n\n"
        )

    def message(self, text: str) -> Json:
        return {
            **super().message(text),
            "reasoning": THOUGHT,
            "refusal": None,
            "tool_calls": [],
            "audio": None,
        }


class LlamaCpp(CompatibleServer):
    name = "llama.cpp"
    said = "`timings` in each chunk; errors in a field `error:` of the stream; answers in a code fence"

    def open(self) -> bytes:
        return self.frame({"role": "assistant", "content": None}) + self.think()

    def frame(self, delta: Json | None, finish: str | None = None, **more: Any) -> bytes:
        return super().frame(delta, finish, timings={"predicted_n": 1, "predicted_ms": 17.5}, **more)

    def fail(self, status: int, message: str, code: str | None) -> bytes:
        del code
        return (
            b"error: " + orjson.dumps({"code": status, "message": message, "type": "server_error"}) + b"\n\n"
        )

    def message(self, text: str) -> Json:
        return super().message(f"```json\n{text}\n```" if self.ask.json_mode else text)


class LmStudio(CompatibleServer):
    name = "LM Studio"
    said = (
        "the role in each chunk; thoughts between `<think>` tags; an event `error`; `response_format` of "
        "type `json_object` refused, by an error that is a string"
    )

    @classmethod
    def refuse(cls, body: Json) -> tuple[int, Json] | None:
        if (body.get("response_format") or {}).get("type") == "json_object":
            return 400, {"error": "'response_format.type' must be 'json_schema' or 'text'"}
        return None

    def open(self) -> bytes:
        return b"".join(self.say(part, 0) for part in ("<th", "ink>", THOUGHT, "</think>", "\n\n"))

    def say(self, text: str, sent: int) -> bytes:
        del sent
        return self.frame({"role": "assistant", "content": text})

    def fail(self, status: int, message: str, code: str | None) -> bytes:
        del status, code
        return b"event: error\n" + data({"message": message})

    def message(self, text: str) -> Json:
        return {"role": "assistant", "content": f"<think>\n{THOUGHT}\n</think>\n\n{text}"}


class Ollama(CompatibleServer):
    name = "Ollama"
    said = (
        "the role in each chunk; an empty finish reason in each but the last; thoughts in `reasoning`; "
        "of a limit it knows `max_tokens` alone"
    )

    def open(self) -> bytes:
        return self.think()

    def think(self) -> bytes:
        return self.frame({"role": "assistant", "content": "", "reasoning": THOUGHT}, "")

    def say(self, text: str, sent: int) -> bytes:
        del sent
        return self.frame({"role": "assistant", "content": text}, "")

    def message(self, text: str) -> Json:
        return {"role": "assistant", "content": text, "reasoning": THOUGHT}


class OpenRouter(CompatibleServer):
    name = "OpenRouter"
    said = (
        "comments between frames; thoughts in `reasoning` and `reasoning_details`; a choice in the chunk "
        "with the usage; errors in mid-stream beside choices, and in replies of status 200"
    )

    def frame(self, delta: Json | None, finish: str | None = None, **more: Any) -> bytes:
        delta = {"role": "assistant", "content": "", "reasoning": None, **(delta or {})}
        choice = {
            "index": 0,
            "delta": delta,
            "finish_reason": finish,
            "native_finish_reason": finish,
            "logprobs": None,
        }
        head = {**self.head(), "id": "gen-1", "provider": "DeepInfra"}
        return b": OPENROUTER PROCESSING\n\n" + data({**head, "choices": [choice], **more})

    def think(self) -> bytes:
        details = [{"type": "reasoning.text", "text": THOUGHT, "format": "unknown", "index": 0}]
        return self.frame({"reasoning": THOUGHT, "reasoning_details": details})

    def close(self, sent: int) -> bytes:
        if self.answer.finish is None:
            return b""
        usage = {**self.usage(sent), "cost": 0.00014, "is_byok": False}
        return self.frame({}, self.answer.finish) + self.frame({}, None, usage=usage) + b"data: [DONE]\n\n"

    def fail(self, status: int, message: str, code: str | None) -> bytes:
        del code
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        return (
            data({**self.head(), "error": {"code": status, "message": message}, "choices": [choice]})
            + b"data: [DONE]\n\n"
        )

    def message(self, text: str) -> Json:
        return {"role": "assistant", "content": text, "refusal": None, "reasoning": THOUGHT}


class Together(CompatibleServer):
    name = "Together"
    said = (
        "the finish reason `eos`; the text twice in a chunk; the usage in the last chunk of text; "
        "thoughts between `<think>` tags"
    )

    def open(self) -> bytes:
        return b"".join(self.say(part, 0) for part in ("<think>", "\n", THOUGHT, "\n", "</think>\n\n"))

    def say(self, text: str, sent: int) -> bytes:
        del sent
        return self._chunk(text, None, None)

    def close(self, sent: int) -> bytes:
        if self.answer.finish is None:
            return b""
        finish = "eos" if self.answer.finish == "stop" else self.answer.finish
        return self._chunk("", finish, self.usage(sent)) + b"data: [DONE]\n\n"

    def _chunk(self, text: str, finish: str | None, usage: Json | None) -> bytes:
        delta = {"token_id": 1264, "role": "assistant", "content": text, "tool_calls": None}
        choice = {
            "index": 0,
            "text": text,
            "logprobs": None,
            "finish_reason": finish,
            "seed": None,
            "delta": delta,
        }
        return data({**self.head(), "choices": [choice], "usage": usage})

    def message(self, text: str) -> Json:
        return {"role": "assistant", "content": text, "tool_calls": []}


class Groq(CompatibleServer):
    name = "Groq"
    limit_field = "max_completion_tokens"
    said = (
        "the usage in `x_groq` of the last chunk; thoughts in `reasoning`; calls of functions that it "
        "takes for broken refused (`tool_use_failed`)"
    )

    def think(self) -> bytes:
        return self.frame({"reasoning": THOUGHT, "channel": "analysis"})

    def close(self, sent: int) -> bytes:
        if self.answer.finish is None:
            return b""
        last = {"id": "req_1", "usage": {**self.usage(sent), "queue_time": 0.01, "total_time": 0.2}}
        return self.frame({}, self.answer.finish, x_groq=last) + b"data: [DONE]\n\n"

    def message(self, text: str) -> Json:
        return {"role": "assistant", "content": text, "reasoning": THOUGHT}


class Mistral(CompatibleServer):
    name = "Mistral"
    said = (
        "content as a list of parts, thoughts among them; `max_completion_tokens` and `stream_options` "
        "refused (422); the usage in the chunk with the finish reason; `model_length`"
    )

    @classmethod
    def refuse(cls, body: Json) -> tuple[int, Json] | None:
        extra = [name for name in ("max_completion_tokens", "stream_options") if name in body]
        if not extra:
            return None
        said = [
            {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}
            for name in extra
        ]
        return 422, {
            "object": "error",
            "message": {"detail": said},
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }

    def think(self) -> bytes:
        part = {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}
        return self.frame({"content": [part]})

    def say(self, text: str, sent: int) -> bytes:
        return self.frame({"role": None, "content": [{"type": "text", "text": text}] if sent == 1 else text})

    def close(self, sent: int) -> bytes:
        if self.answer.finish is None:
            return b""
        finish = "model_length" if self.answer.finish == "length" else self.answer.finish
        return self.frame({"content": ""}, finish, usage=self.usage(sent)) + b"data: [DONE]\n\n"

    def message(self, text: str) -> Json:
        thinking = {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}
        return {"role": "assistant", "content": [thinking, {"type": "text", "text": text}]}


class Azure(CompatibleServer):
    name = "Azure OpenAI"
    limit_field = "max_completion_tokens"
    said = (
        "a first chunk without choices; filter results everywhere, a chunk without `delta` among them; "
        "`max_tokens` refused by reasoning models"
    )

    @classmethod
    def refuse(cls, body: Json) -> tuple[int, Json] | None:
        if "max_tokens" not in body:
            return None
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead."
        )
        return 400, {
            "error": {
                "message": message,
                "type": "invalid_request_error",
                "param": "max_tokens",
                "code": "unsupported_parameter",
            }
        }

    def open(self) -> bytes:
        first = {"prompt_index": 0, "content_filter_results": _SAFE}
        empty = {
            "id": "",
            "object": "",
            "created": 0,
            "model": "",
            "choices": [],
            "prompt_filter_results": [first],
        }
        return data(empty) + self.frame({"role": "assistant", "content": "", "refusal": None})

    def frame(self, delta: Json | None, finish: str | None = None, **more: Any) -> bytes:
        choice = {
            "index": 0,
            "delta": delta,
            "logprobs": None,
            "finish_reason": finish,
            "content_filter_results": _SAFE,
        }
        return data({**self.head(), "choices": [choice], "obfuscation": "a1b2", **more})

    def close(self, sent: int) -> bytes:
        if self.answer.finish is None:
            return b""
        offsets = {"check_offset": 44, "start_offset": 44, "end_offset": 121}
        checked = {
            "index": 0,
            "finish_reason": None,
            "content_filter_results": _SAFE,
            "content_filter_offsets": offsets,
        }
        late = data({"id": "", "object": "", "created": 0, "model": "", "choices": [checked]})
        return late + super().close(sent)

    def message(self, text: str) -> Json:
        return {"role": "assistant", "content": text, "refusal": None, "annotations": []}


_SAFE = {"hate": {"filtered": False, "severity": "safe"}, "violence": {"filtered": False, "severity": "safe"}}

SERVERS: tuple[type[CompatibleServer], ...] = (
    Vllm,
    LlamaCpp,
    LmStudio,
    Ollama,
    OpenRouter,
    Together,
    Groq,
    Mistral,
    Azure,
)
BY_NAME = {server.name: server for server in SERVERS}
