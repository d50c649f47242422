"""Clients of the providers. Imported at first use: their SDKs take seconds to load.

Every client is built with no retries of its own: a retry that nobody sees buys tokens twice. All models of a provider
share its connections, so that there are no more of them than providers, whatever names runs may give.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import httpx2
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic import SecretStr

from workflows.models.choice.connections import Connection, find_connection
from workflows.models.embedded.client import chat_model as embedded_chat_model
from workflows.models.embedded.process import Endpoint
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec
from workflows.models.wire.bodies.stream_turns import StreamTurns
from workflows.models.wire.direct import read_directly
from workflows.models.wire.http import ProviderHttpClient
from workflows.models.wire.traits import ServerTraits, TraitsRegistry

if TYPE_CHECKING:
    from langchain_google_genai import ChatGoogleGenerativeAI

_log = logging.getLogger(__name__)
_CONNECT_SECONDS = 10.0
_MOST_CHATS = 100
Disconnect = Callable[[AsyncIterator[object]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Client:
    """A chat model, the traits of its server, and how to end an abandoned stream where closing doesn't."""

    chat: BaseChatModel
    traits: ServerTraits
    disconnect: Disconnect | None = None


class ProviderClients:
    """Connections of one process, by provider, opened at first use and closed with it."""

    def __init__(self, settings: ModelSettings, turns: StreamTurns) -> None:
        """`turns`: those that their streams leave to others."""
        self._settings = settings
        self._turns = turns
        self._reads_directly = settings.direct_streams
        self._traits = TraitsRegistry()
        self._http: dict[str, ProviderHttpClient] = {}
        self._chats: dict[tuple[ModelSpec, SecretStr | None], ChatOpenAI] = {}
        self._google: ChatGoogleGenerativeAI | None = None
        self._google_key: SecretStr | None = None
        self._embedded: dict[Endpoint, BaseChatModel] = {}
        self._closers: dict[Hashable, Callable[[], Awaitable[None]]] = {}

    def open(self, spec: ModelSpec) -> Client:
        """The chat model of a provider on the network."""
        connection = find_connection(spec.provider, self._settings)
        if connection is None:
            raise ValueError(f"there is no client for {spec}")
        traits = self._traits.of(spec)
        if connection.protocol == "gemini":
            return Client(self._open_google(spec.name, connection), traits, disconnect_google)
        return Client(self._open_openai(spec, connection), traits)

    def open_embedded(self, spec: ModelSpec, endpoint: Endpoint) -> Client:
        """The chat model of the embedded model's process, whose address changes with each start."""
        if endpoint not in self._embedded:
            chat = self._embedded[endpoint] = embedded_chat_model(endpoint)
            self._closers[endpoint] = lambda: _close_embedded(chat)
        return Client(self._embedded[endpoint], self._traits.of(spec))

    async def close(self) -> None:
        """Closes every connection. One that can't be closed keeps none of the others open."""
        self._chats.clear()
        closers = list(self._closers.values())
        self._closers.clear()
        for outcome in await asyncio.gather(*(close() for close in closers), return_exceptions=True):
            if isinstance(outcome, Exception):
                _log.warning("client_not_closed", exc_info=outcome)

    def _open_openai(self, spec: ModelSpec, connection: Connection) -> ChatOpenAI:
        """The model's one client, since making it takes as long as many tokens. Of very many, the first go. A key that
        was changed wants another one."""
        if (chat := self._chats.get((spec, connection.key))) is None:
            if len(self._chats) >= _MOST_CHATS:
                del self._chats[next(iter(self._chats))]
            chat = self._chats[spec, connection.key] = self._make_openai(spec, connection)
        return chat

    def _make_openai(self, spec: ModelSpec, connection: Connection) -> ChatOpenAI:
        chat = ChatOpenAI(
            model=spec.name,
            base_url=connection.base_url,
            # Servers that speak OpenAI's protocol without accounts still want to see a key.
            api_key=connection.key or SecretStr("none"),
            # Of `openai:` models, a few are offered on the Responses API only: langchain knows those.
            use_responses_api={"openai": None, "openai_responses": True}.get(spec.provider, False),
            max_retries=0,
            stream_usage=True,
            # The limit between two tokens is ours (`patience.py`), one for every provider; and on Python 3.11
            # this one swallows a cancel that meets a token.
            stream_chunk_timeout=None,
            http_async_client=self._open_http(spec.provider),
            http_client=_open_blocking_http(),
        )
        if self._reads_directly:
            self._reads_directly = read_directly(chat)
        return chat

    def _open_http(self, provider: str) -> ProviderHttpClient:
        # Ours, so that it can be closed: the one that ChatOpenAI would share outlives everything.
        if provider not in self._http:
            client = self._http[provider] = ProviderHttpClient(
                lambda name: self._traits.of(ModelSpec(provider, name)),
                self._turns,
                verify=_load_certificates(),
                timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS),  # the rest is `patience.py`'s
            )
            self._closers[provider] = client.aclose
        return self._http[provider]

    def _open_google(self, name: str, connection: Connection) -> BaseChatModel:
        if self._google is None or connection.key != self._google_key:
            from langchain_google_genai import ChatGoogleGenerativeAI  # a second more, for those who use it

            self._google = ChatGoogleGenerativeAI(
                model=name,
                google_api_key=connection.key,
                base_url=connection.base_url,
                # The SDK counts attempts: one means that nothing is tried again.
                max_retries=1,
                client_args={"verify": _load_certificates(), "follow_redirects": False},
            )
            self._google_key = connection.key
            self._closers["google_genai", connection.key] = self._google.aclose
        return self._google.model_copy(update={"model": name})


@cache
def load_lazy_parts() -> None:
    """Loads ahead of the first call: hundreds of modules of OpenAI's SDK, readability measures, certificates."""
    import_module("textstat")
    import_module("openai.lib.streaming.chat")
    _ = AsyncOpenAI(api_key="none").chat.completions  # touching it is what imports them
    _load_certificates()


async def disconnect_google(stream: AsyncIterator[object]) -> None:
    """Disconnects a Gemini stream, by having it wait for more and cancelling that.

    Google's SDK holds a reply in a cycle of references, so that a stream which is only closed keeps its connection
    until the collector comes by. A cancel gets to where the connection is read, and that closes it.
    """

    async def read_on() -> bool:
        return await anext(stream, None) is not None

    while True:
        reading = asyncio.create_task(read_on())
        try:
            await asyncio.sleep(0)
        finally:
            reading.cancel()  # nothing, if there was more at once
        await asyncio.wait([reading])
        if reading.cancelled() or reading.exception() is not None or not reading.result():
            return  # otherwise there was more at once


async def _close_embedded(chat: ChatOpenAI) -> None:
    if chat.http_async_client is not None:
        await chat.http_async_client.aclose()
    if chat.http_client is not None:
        chat.http_client.close()


@cache
def _load_certificates() -> ssl.SSLContext:
    """Loads certificates once: for each client anew it would take longer than all the rest."""
    return (
        httpx2.create_ssl_context() if hasattr(httpx2, "create_ssl_context") else ssl.create_default_context()
    )


@cache
def _open_blocking_http() -> httpx2.Client:
    """The client of ChatOpenAI's blocking calls, which nobody makes. One that it made itself would load the
    certificates once more, for each model, on the event loop."""
    return httpx2.Client(verify=_load_certificates())
