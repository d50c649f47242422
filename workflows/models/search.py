"""The web search that a provider offers with its model: OpenAI's `web_search`, Google's search grounding."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from workflows.errors import ModelBadOutput
from workflows.models.calls import check_finish, finish_reason, guard
from workflows.models.catalog import Model
from workflows.models.fallback import FALLS_BACK
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


async def stream_search(model: Model, messages: Sequence[BaseMessage]) -> AsyncGenerator[str | Citation]:
    """As `stream_text`, by a model that may search; also the pages that it cites, as they are told.

    One call, whatever the model looks up. OpenAI's tool is one of its Responses API, so the call goes there.
    A fallback model that takes over searches too, if it can.
    """
    fallback = model.fallback
    current = model if fallback is None or fallback.taken is None else fallback.taken
    try:
        async with aclosing(_stream(current, messages)) as items:
            async for item in items:
                if fallback is not None:
                    fallback.too_late = True
                yield item
        return
    except FALLS_BACK as error:
        if fallback is None:
            raise
        replacement = await fallback.take_over(error)
    async with aclosing(_stream(replacement, messages)) as items:
        async for item in items:
            fallback.too_late = True
            yield item


async def _stream(model: Model, messages: Sequence[BaseMessage]) -> AsyncGenerator[str | Citation]:
    chat = model.chat
    if (tool := _TOOLS.get(model.spec.provider)) is not None:
        # A bound model is a Runnable that streams as a chat model does.
        chat = cast(BaseChatModel, chat.bind_tools([tool]))
    finish: str | None = None
    empty = True
    async with aclosing(guard(model, chat.astream(list(messages)))) as chunks:
        async for chunk in chunks:
            finish = finish_reason(chunk) or finish
            for citation in _citations(chunk):
                yield citation
            if text := chunk.text:
                empty = False
                yield text
    check_finish(model, finish)
    if empty:
        raise ModelBadOutput(f"{model.spec} sent an empty reply; perhaps it refused to write this.")


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
