"""Web search offered by a provider with its model: OpenAI's `web_search`, Google's search grounding."""

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from langchain_core.messages import AIMessage, BaseMessage

from workflows.loop_turns import off_loop
from workflows.models.calls.calls import read_reply, stream_or_fall_back
from workflows.models.calls.content import ContentReader
from workflows.models.calls.slices import slices, turn_after
from workflows.models.clients.model import Model
from workflows.models.replies.provider_strings import clean_string
from workflows.models.spec import ModelSpec

_TOOLS: dict[str, dict[str, Any]] = {
    "openai": {"type": "web_search"},
    "openai_responses": {"type": "web_search"},
    "google_genai": {"google_search": {}},
}


# Gemini gives links of its own that lead to the pages, and the publisher's domain beside them.
_REDIRECTS = frozenset({"vertexaisearch.cloud.google.com"})
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}", re.IGNORECASE)
_LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class Citation:
    """A page that the search found and the model used. `domain` is the provider's own statement of it."""

    title: str
    url: str
    domain: str = field(default="", compare=False)

    @property
    def publisher(self) -> str:
        """The domain of the page, as far as it is known."""
        try:
            host = (urlsplit(self.url).hostname or "").removeprefix("www.")
        except ValueError:
            host = ""
        if host not in _REDIRECTS:
            return host
        named = (self.domain or self.title).strip().lower().removeprefix("www.")
        return named if _DOMAIN.fullmatch(named) else ""


def can_search(model: ModelSpec) -> bool:
    """Whether the model's provider offers web search."""
    return model.provider in _TOOLS


def stream_search(model: Model, messages: Sequence[BaseMessage]) -> AsyncGenerator[str | Citation]:
    """As `stream_text`, by a model with web search; also the cited pages, as they are reported.

    One call, whatever the model looks up. OpenAI's tool is one of its Responses API, so the call goes there.
    A fallback model that takes over searches too, if it can.
    """
    return stream_or_fall_back(model, partial(_stream, messages=messages))


async def _stream(model: Model, messages: Sequence[BaseMessage]) -> AsyncGenerator[str | Citation]:
    tool = _TOOLS.get(model.spec.provider)
    content = ContentReader(model)
    async with aclosing(read_reply(model, messages, tool)) as chunks:
        async for chunk in chunks:
            for citation in _citations(chunk):
                yield citation
            for piece in slices(await off_loop(len(chunk.text), content.read, chunk.text)):
                yield piece
                await turn_after(piece)
    for piece in slices(content.finish()):
        yield piece
        await turn_after(piece)


def _citations(chunk: AIMessage) -> Iterator[Citation]:
    for block in _mappings(chunk.content):
        for note in _mappings(block.get("annotations")):
            # LangChain's name for it, and the API's own.
            if note.get("type") in ("citation", "url_citation") and note.get("url"):
                yield _cite(note.get("url"), note.get("title"))
    for grounding in _mappings([chunk.response_metadata.get("grounding_metadata")]):
        for found in _mappings(grounding.get("grounding_chunks")):
            for web in _mappings([found.get("web")]):
                if web.get("uri"):
                    yield _cite(web.get("uri"), web.get("title"), web.get("domain"))


def _mappings(value: object) -> Iterator[dict[str, Any]]:
    """The objects in a list, as far as it is one and has some: servers say many things."""
    yield from (each for each in value if isinstance(each, dict)) if isinstance(value, list | tuple) else ()


def _cite(url: object, title: object, domain: object = None) -> Citation:
    address, name = clean_string(url, _LONGEST_URL), clean_string(title)
    return Citation(name, address, clean_string(domain))
