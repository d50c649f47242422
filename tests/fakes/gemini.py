"""Google Gemini: requests read, replies framed, and its error bodies."""

from typing import Any
from uuid import uuid4

import orjson

from tests.fakes.answer import Answer
from tests.fakes.ask import Ask, choose_tool, join_content
from tests.fakes.dialect import Json, frame, split_frame
from tests.fakes.script import Fault

_TEXT, _SENT, _TOTAL = "\x00text\x00", 1234567890, 9876543210
_END = b"\r\n\r\n"
_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
_STATUS = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    403: ("PERMISSION_DENIED", "The caller does not have permission"),
    404: ("NOT_FOUND", "The model is not found for API version v1beta, or is not supported."),
    429: ("RESOURCE_EXHAUSTED", "You exceeded your current quota."),
    500: ("INTERNAL", "An internal error has occurred."),
    503: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
    504: ("DEADLINE_EXCEEDED", "The deadline expired before the operation could complete."),
}
_BAD_KEY = "API key not valid. Please pass a valid API key."


def read_gemini(model: str, stream: bool, body: Json) -> Ask:
    """The call in the body of `generateContent` or `streamGenerateContent`."""
    config = body.get("generationConfig") or {}
    declared = [f for tool in body.get("tools", ()) for f in tool.get("functionDeclarations", ())]
    tool = choose_tool(declared, _forced_tool(body))
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    if tool:
        schema = tool.get("parametersJsonSchema") or tool.get("parameters")
    contents = [body.get("systemInstruction") or {}, *body.get("contents", ())]
    texts = [join_content(content.get("parts")) for content in contents]
    return Ask(
        api="gemini",
        model=model,
        prompt_text="\n\n".join(text for text in texts if text),
        body=body,
        stream=stream,
        max_tokens=config.get("maxOutputTokens"),
        json_mode=config.get("responseMimeType") == "application/json",
        schema=schema,
        tool_name=tool["name"] if tool else None,
        searches=any("googleSearch" in entry for entry in body.get("tools", ())),
    )


def _forced_tool(body: Json) -> str | bool:
    config = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    if config.get("mode") != "ANY":
        return False
    allowed = config.get("allowedFunctionNames")
    return str(allowed[0]) if allowed else True


def describe_error(
    status: int, message: str | None = None, reason: str | None = None, retry_after: float | None = None
) -> Json:
    """The body that goes with this status."""
    name, text = _STATUS.get(status, ("UNKNOWN", "Unknown error."))
    details: list[Json] = []
    if reason:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        details.append({"@type": kind, "reason": reason, "domain": "googleapis.com"})
    if retry_after is not None:
        details.append(
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after:g}s"}
        )
    error: Json = {"code": status, "message": message or text, "status": name}
    return {"error": {**error, "details": details} if details else error}


def describe_fault(fault: Fault) -> tuple[int, Json]:
    """Status and body of a `status` or `bad_key` fault."""
    if fault.kind == "bad_key":
        return 400, describe_error(400, fault.message or _BAD_KEY, "API_KEY_INVALID")
    return fault.status, describe_error(fault.status, fault.message, fault.code, fault.retry_after)


class GeminiDialect:
    """The frames of one Gemini reply; see `Dialect`. Usage is cumulative in every frame, as Gemini's is."""

    def __init__(self, ask: Ask, answer: Answer) -> None:
        self._ask = ask
        self._answer = answer
        self._id = uuid4().hex
        usage = {**self._spell_usage(0), "candidatesTokenCount": _SENT, "totalTokenCount": _TOTAL}
        self._parts = split_frame(
            self._reply([{"text": _TEXT}], None, usage), (_TEXT, _SENT, _TOTAL), end=_END
        )

    def open(self) -> bytes:
        """Nothing: the first frame has text."""
        return b""

    def say(self, text: str, sent: int) -> bytes:
        """One frame with text. Function calls and blocked prompts say everything at the close."""
        if self._answer.kind != "text":
            return b""
        usage = self._answer.count_usage(sent)
        before, counted, total, after = self._parts
        output = usage.output_tokens
        summed = usage.input_tokens + output
        return b"%b%b%b%d%b%d%b" % (before, orjson.dumps(text), counted, output, total, summed, after)

    def close(self, sent: int) -> bytes:
        """The frame with the finish reason; the whole function call, or the block, where it is one."""
        return b"" if self._answer.finish is None else frame(self._end(sent), end=_END)

    def fail(self, status: int, message: str, code: str | None) -> bytes:
        """An error object in place of a frame."""
        return frame(describe_error(status, message, code), end=_END)

    def garble(self) -> bytes:
        """A frame cut off in the middle."""
        return self._parts[0] + _END

    def whole(self) -> Json:
        """The reply in one piece."""
        sent = len(self._answer.tokens)
        if self._answer.kind != "text":
            return self._end(sent)
        parts = [{"text": "".join(self._answer.tokens)}] if sent else []
        return self._reply(parts, self._finish(), self._spell_usage(sent))

    def _end(self, sent: int) -> Json:
        usage = self._spell_usage(sent)
        if self._answer.kind == "refusal":
            head = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
            return {**head, "usageMetadata": usage, "modelVersion": self._ask.model, "responseId": self._id}
        parts: list[Json] = [{"text": ""}] if self._answer.tokens else []
        if self._answer.kind == "tool" and self._answer.finish == "stop":
            arguments = orjson.loads("".join(self._answer.tokens))
            parts = [{"functionCall": {"name": self._ask.tool_name, "args": arguments}}]
        return self._reply(parts, self._finish(), usage)

    def _finish(self) -> str | None:
        finish = self._answer.finish
        return None if finish is None else _FINISH.get(finish, finish)

    def _reply(self, parts: list[Json], finish: str | None, usage: Json) -> Json:
        candidate: dict[str, Any] = {
            "content": {"parts": parts, "role": "model"} if parts else {"role": "model"}
        }
        if finish:
            candidate["finishReason"] = finish
            if self._ask.searches:
                candidate["groundingMetadata"] = self._ground()
        candidate["index"] = 0
        head: Json = {"candidates": [candidate], "usageMetadata": usage}
        return {**head, "modelVersion": self._ask.model, "responseId": self._id}

    def _ground(self) -> Json:
        """What the search came upon; in a stream it comes with the last frame."""
        text = "".join(self._answer.tokens)
        segment = {"startIndex": 0, "endIndex": len(text.encode()), "text": text[:80]}
        return {
            "webSearchQueries": [self._ask.prompt_text[-60:]],
            "searchEntryPoint": {"renderedContent": "<div>…</div>"},
            "groundingChunks": [{"web": {"uri": url, "title": title}} for title, url in self._answer.cites],
            "groundingSupports": [
                {"segment": segment, "groundingChunkIndices": [index]}
                for index in range(len(self._answer.cites))
            ],
        }

    def _spell_usage(self, sent: int) -> Json:
        usage = self._answer.count_usage(sent)
        counts = {"promptTokenCount": usage.input_tokens, "candidatesTokenCount": usage.output_tokens}
        return {**counts, "totalTokenCount": usage.input_tokens + usage.output_tokens}
