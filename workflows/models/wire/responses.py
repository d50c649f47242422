"""Events and bodies of the Responses API, with their counts corrected. Pure."""

from typing import Any

from workflows.models.replies.provider_strings import clean_string, read_usage
from workflows.models.wire.bounds import FunctionCalls, ReplyBounds
from workflows.models.wire.chat import is_object, join_halves
from workflows.models.wire.errors import Json, find_error

_ARGUMENTS = "response.function_call_arguments"
_HIDDEN = (f"{_ARGUMENTS}.delta", "response.reasoning_text.delta", "response.reasoning_summary_text.delta")
_ENDS = ("response.completed", "response.incomplete", "response.failed")
_LEFT_OUT = _HIDDEN[:2]
"""Of these LangChain makes no chunk, or isn't given them."""


class ResponseStream:
    """Events of one streamed reply.

    Arguments of functions are one event each, at their end, for the reason that is told in `chat.py`, and so is
    `hidden`.
    """

    def __init__(self) -> None:
        self.hidden = ""
        """What came since the last event that was handed on, and readers never see."""
        self.has_ended = False
        self._bounds = ReplyBounds()
        self._calls = FunctionCalls()
        self._handed_on = True

    def read(self, data: Json, event: str | None = None) -> Json | None:
        """The event as it is handed on; None: it is left out. Raises UnendingReply."""
        data = read_event(data, event)
        kind, delta = data.get("type"), data.get("delta")
        words = delta if isinstance(delta, str) else ""
        self.has_ended = self.has_ended or kind in _ENDS
        self._bounds.take(len(words))
        hidden = words if kind in _HIDDEN else ""
        self.hidden = hidden if self._handed_on else self.hidden + hidden
        self._handed_on = kind not in _LEFT_OUT
        if kind == f"{_ARGUMENTS}.delta":
            self._calls.add(
                [{"index": data.get("output_index"), "function": {"name": None, "arguments": words}}]
            )
            return None
        if kind == f"{_ARGUMENTS}.done":
            arguments = data.get("arguments")
            if isinstance(arguments, str) and arguments and is_object(arguments):
                return {**data, "type": f"{_ARGUMENTS}.delta", "delta": arguments}
        return data


def read_event(data: Json, event: str | None = None) -> Json:
    """An event with valid counts; an error outside the API's events as one of them."""
    response = data.get("response")
    if isinstance(response, dict):
        data = {**data, "response": read_response(response)}
    elif "type" not in data and (error := find_error(data, event)) is not None:
        return {"type": "error", "param": None, "sequence_number": 0, **error}
    if isinstance(delta := data.get("delta"), str):
        data = {**data, "delta": join_halves(delta)}
    return data


def read_response(response: Json) -> Json:
    """A response with valid counts."""
    response = {**response, "model": clean_string(response.get("model"))}
    usage = response.get("usage")
    counted = read_usage(_in_words_of_chat(usage)) if isinstance(usage, dict) else None
    if counted is None:
        return {**response, "usage": None}
    details = counted["prompt_tokens_details"], counted["completion_tokens_details"]
    return {
        **response,
        "usage": {
            "input_tokens": counted["prompt_tokens"],
            "input_tokens_details": details[0],
            "output_tokens": counted["completion_tokens"],
            "output_tokens_details": details[1],
            "total_tokens": counted["total_tokens"],
        },
    }


def _in_words_of_chat(usage: dict[str, Any]) -> Json:
    return {
        **usage,
        "prompt_tokens_details": usage.get("input_tokens_details"),
        "completion_tokens_details": usage.get("output_tokens_details"),
    }
