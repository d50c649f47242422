"""The web search that a provider offers with its model: OpenAI's `web_search`, Google's search grounding."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from workflows.models.calls.calls import read_reply, stream_or_fall_back
from workflows.models.clients.catalog import Model
from workflows.models.spec import ModelSpec

_TOOLS: dict[str, dict[str, Any]] = {
    "openai": {"type": "web_search"},
    "openai_responses": {"type": "web_search"},
    "google_genai": {"google_search": {}},
}


@dataclass(frozen=True, slots=True)
class Citation:
    """A page that the search came upon and the model used."""

    title: str
    url: str


def can_search(model: ModelSpec) -> bool:
    """Whether the model's provider searches the web for it."""
    return model.provider in _TOOLS


def stream_search(model: Model, messages: Sequence[BaseMessage]) -> AsyncGenerator[str | Citation]:
    """As `stream_text`, by a model that may search; also the pages that it cites, as they are told.

    One call, whatever the model looks up. OpenAI's tool is one of its Responses API, so the call goes there.
    A fallback model that takes over searches too, if it can.
    """
    return stream_or_fall_back(model, partial(_stream, messages=messages))


async def _stream(model: Model, messages: Sequence[BaseMessage]) -> AsyncGenerator[str | Citation]:
    tool = _TOOLS.get(model.spec.provider)
    async with aclosing(read_reply(model, messages, tool)) as chunks:
        async for chunk in chunks:
            for citation in _citations(chunk):
                yield citation
            if text := chunk.text:
                yield text


def _citations(chunk: AIMessage) -> Iterator[Citation]:
    for block in chunk.content if isinstance(chunk.content, list) else ():
        for note in block.get("annotations") or () if isinstance(block, dict) else ():
            # LangChain's name for it, and the API's own.
            if note.get("type") in ("citation", "url_citation") and note.get("url"):
                yield Citation(str(note.get("title") or ""), str(note["url"]))
    grounding = chunk.response_metadata.get("grounding_metadata") or {}
    for found in grounding.get("grounding_chunks") or ():
        if (web := found.get("web")) and web.get("uri"):
            yield Citation(str(web.get("title") or ""), str(web["uri"]))
