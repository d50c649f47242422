"""Structured answers: the request in each mode, and the search for the answer in the reply."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_function
from pydantic import BaseModel, ValidationError

from workflows.models.clients.model import Model
from workflows.models.embedded.prompts import load_prompt
from workflows.models.replies.whole import clean_reply
from workflows.models.structured import StructuredMode
from workflows.text.characters import replace_halves
from workflows.text.lenient_json import decode_lenient

SchemaT = TypeVar("SchemaT", bound=BaseModel)
_PROMPT = Path(__file__).parent.parent / "prompts" / "form.md"
_START = re.compile(r"\{")
_MOST_FAULTS = 8
_MOST_STARTS = 100
"""Braces that are tried: a long reply of nothing else would be read as often as it is long."""
_MOST_LENIENT = 8
"""Of these, the ones that are read as near-JSON where they are no JSON."""
_DECODER = json.JSONDecoder(strict=False)  # models put line ends into strings as they are


def bind_schema(
    model: Model, schema: dict[str, Any], chat: BaseChatModel
) -> Runnable[LanguageModelInput, AIMessage]:
    """The chat model bound to this JSON Schema, as far as the model's mode allows.

    The reply is taken as it comes: the SDKs' own readers mend a reply that was cut, and say nothing of it.
    """
    is_gemini = model.spec.provider == "google_genai"
    match model.structured:
        case "json_schema" if is_gemini:
            return chat.bind(response_mime_type="application/json", response_json_schema=schema)
        case "json_schema":
            named = convert_to_openai_function(schema, strict=False)
            named["schema"] = named.pop("parameters")
            return chat.bind(response_format={"type": "json_schema", "json_schema": named})
        case "tools":
            return chat.bind_tools([schema], tool_choice=schema["title"])
        case "json_mode" if is_gemini:
            return chat.bind(response_mime_type="application/json")
        case "json_mode":
            return chat.bind(response_format={"type": "json_object"})
        case "plain":
            return chat


def describe_schema(messages: Sequence[BaseMessage], schema: dict[str, Any]) -> list[BaseMessage]:
    """The messages with the schema in words, for a mode that doesn't send it by itself."""
    words = load_prompt(_PROMPT).block("form", form=_compact(schema))
    return [*messages[:-1], HumanMessage(f"{messages[-1].text}\n\n{words}")]


def ask_to_mend(messages: Sequence[BaseMessage], reply: AIMessage, error: ValueError) -> list[BaseMessage]:
    """The conversation continued with the fault of the reply, and a request to answer again."""
    words = load_prompt(_PROMPT).block("mend", faults=_list_faults(error))
    return [*messages, AIMessage(clean_reply(reply.text) or "…"), HumanMessage(words)]


def other_mode(mode: StructuredMode) -> StructuredMode | None:
    """The mode to try where this one fails; None: there is no lower one."""
    lower: dict[StructuredMode, StructuredMode] = {
        "json_schema": "tools",
        "tools": "plain",
        "json_mode": "plain",
    }
    return lower.get(mode)


def read_answer(schema: type[SchemaT], mode: StructuredMode, reply: AIMessage) -> SchemaT:
    """The answer, validated by the schema.

    Servers don't hold every model to a mode that they take, so in each mode the answer is also found in a code
    fence, among words or after thoughts. Raises ValueError where there is no JSON, or none that fits.
    """
    fault: ValueError | None = None
    for value in _find_answers(mode, reply):
        try:
            return schema.model_validate(clean_values(value))
        except ValidationError as error:
            fault = fault or error
        except RecursionError:  # nested deeper than any form
            continue
    raise fault or ValueError("there is no JSON object")


def _find_answers(mode: StructuredMode, reply: AIMessage) -> Iterator[Any]:
    if mode == "tools":
        yield from (call["args"] for call in reply.tool_calls)
        for broken in reply.invalid_tool_calls:
            yield from find_objects(broken["args"] or "")
    content = clean_reply(reply.text)
    yield from _unwrapped(find_objects(content))
    if content != reply.text:  # a mark within the JSON itself
        yield from _unwrapped(find_objects(reply.text))


def _unwrapped(objects: Iterable[Any]) -> Iterator[Any]:
    """The objects; a function call written as text is replaced by its arguments."""
    for value in objects:
        yield value
        for name in ("arguments", "parameters"):
            if isinstance(value, dict) and isinstance(value.get(name), dict):
                yield value[name]


def find_objects(text: str) -> list[Any]:
    """The JSON objects in a text that may hold other words around them, the largest first. Near-JSON is read too, where
    it is unambiguous."""
    found: list[tuple[int, Any]] = []
    end, lenient = 0, _MOST_LENIENT
    for start in islice(_START.finditer(text), _MOST_STARTS):
        if start.start() < end:
            continue  # inside the one before
        try:
            value, end = _decode(text, start.start(), is_lenient=lenient > 0)
        except (ValueError, RecursionError):
            lenient -= 1
            continue
        found.append((end - start.start(), value))
    return [value for _, value in sorted(found, key=lambda item: -item[0])]


def _decode(text: str, start: int, *, is_lenient: bool) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        if not is_lenient:
            raise
        return decode_lenient(text, start)


def clean_values(value: Any) -> Any:
    """The value with thoughts and template marks removed from its texts, and half surrogate pairs replaced."""
    if isinstance(value, str):
        cleaned = clean_reply(value)
        return replace_halves(value if cleaned == value.lstrip() else cleaned.strip())
    if isinstance(value, list):
        return [clean_values(item) for item in value]
    if isinstance(value, dict):
        return {replace_halves(name): clean_values(item) for name, item in value.items()}
    return value


def _compact(form: dict[str, Any]) -> list[str]:
    # A list, because the prompt file's own filter takes a text's line ends and marks away.
    return [json.dumps(form, ensure_ascii=False, separators=(",", ":"))]


def _list_faults(error: ValueError) -> list[str]:
    if not isinstance(error, ValidationError):
        return ["It holds no whole JSON object."]
    items = error.errors(include_url=False, include_input=False, include_context=False)[:_MOST_FAULTS]
    return [f"{'.'.join(map(str, item['loc'])) or 'The whole'}: {item['msg']}" for item in items]
