"""Events and bodies of the Responses API, with their counts corrected. Pure."""

from typing import Any

from workflows.models.replies.provider_strings import clean_string, read_usage
from workflows.models.wire.chat import join_halves
from workflows.models.wire.errors import Json, find_error


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
