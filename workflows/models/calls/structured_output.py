"""Answers in a form: how a model is asked for one in each mode, and how it is found in the reply."""

import json
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_function
from pydantic import ValidationError
from pydantic_core import from_json

from workflows.models.clients.catalog import Model
from workflows.models.embedded.prompts import load_prompt
from workflows.models.structured import StructuredMode

_PROMPT = Path(__file__).parent.parent / "prompts" / "form.md"
_START = re.compile(r"\{")
_MOST_FAULTS = 8
_MOST_STARTS = 100
"""Braces that are tried: a long reply of nothing else would be read as often as it is long."""
_DECODER = json.JSONDecoder()


def bind_form(
    model: Model, form: dict[str, Any], chat: BaseChatModel
) -> Runnable[LanguageModelInput, AIMessage]:
    """The chat model, told to answer by this JSON Schema as far as the model's mode can.

    The reply is taken as it comes: the SDKs' own readers mend a reply that was cut, and say nothing of it.
    """
    is_gemini = model.spec.provider == "google_genai"
    match model.structured:
        case "json_schema" if is_gemini:
            return chat.bind(response_mime_type="application/json", response_json_schema=form)
        case "json_schema":
            named = convert_to_openai_function(form, strict=False)
            named["schema"] = named.pop("parameters")
            return chat.bind(response_format={"type": "json_schema", "json_schema": named})
        case "tools":
            return chat.bind_tools([form], tool_choice=form["title"])
        case "json_mode" if is_gemini:
            return chat.bind(response_mime_type="application/json")
        case "json_mode":
            return chat.bind(response_format={"type": "json_object"})
        case "plain":
            return chat


def describe_form(messages: Sequence[BaseMessage], form: dict[str, Any]) -> list[BaseMessage]:
    """The messages with the form in words, for a mode that doesn't send it by itself."""
    words = load_prompt(_PROMPT).block("form", form=_compact(form))
    return [*messages[:-1], HumanMessage(f"{messages[-1].text}\n\n{words}")]


def ask_to_mend(messages: Sequence[BaseMessage], reply: AIMessage, error: ValueError) -> list[BaseMessage]:
    """The conversation, gone on with: what was wrong with the reply, and to answer again."""
    words = load_prompt(_PROMPT).block("mend", faults=_list_faults(error))
    return [*messages, AIMessage(reply.text or "…"), HumanMessage(words)]


def find_answer(mode: StructuredMode, reply: AIMessage) -> Any:
    """What was answered, unchecked. Raises ValueError where there is no JSON, or no call of the function."""
    if mode == "tools":
        if not reply.tool_calls:
            raise ValueError("the function was not called")
        return reply.tool_calls[0]["args"]
    if mode == "plain":
        return find_json(reply.text)
    return from_json(reply.text)


def find_json(text: str) -> Any:
    """The largest JSON object in a text that may say other things around it. Raises ValueError without one."""
    found: list[tuple[int, Any]] = []
    end = 0
    for start in islice(_START.finditer(text), _MOST_STARTS):
        if start.start() < end:
            continue  # inside the one before
        try:
            value, end = _DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        found.append((end - start.start(), value))
    if not found:
        raise ValueError("there is no JSON object")
    return max(found, key=lambda item: item[0])[1]


def _compact(form: dict[str, Any]) -> list[str]:
    # A list, because the prompt file's own filter takes a text's line ends and marks away.
    return [json.dumps(form, ensure_ascii=False, separators=(",", ":"))]


def _list_faults(error: ValueError) -> list[str]:
    if not isinstance(error, ValidationError):
        return ["It holds no whole JSON object."]
    items = error.errors(include_url=False, include_input=False, include_context=False)[:_MOST_FAULTS]
    return [f"{'.'.join(map(str, item['loc'])) or 'The whole'}: {item['msg']}" for item in items]
