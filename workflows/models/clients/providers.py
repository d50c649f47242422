"""The providers' clients. Imported at first use: their SDKs take seconds to load.

Every client is built with no retries of its own: a retry that nobody sees buys tokens twice.
"""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import httpx
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from pydantic import SecretStr

from workflows.models.choice.connections import Connection, find_connection
from workflows.models.embedded.client import chat_model as embedded_chat_model
from workflows.models.embedded.process import Endpoint
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Client:
    """A chat model and how its connections are closed."""

    chat: BaseChatModel
    close: Callable[[], Awaitable[None]]


def build_client(spec: ModelSpec, settings: ModelSettings) -> Client:
    """The chat model of a provider that is reached over the network."""
    connection = find_connection(spec.provider, settings)
    if connection is None:
        raise ValueError(f"there is no client for {spec}")
    if connection.protocol == "gemini":
        return _google(spec.name, connection)
    return _openai_protocol(spec, connection)


def build_embedded(endpoint: Endpoint) -> Client:
    """The chat model of the embedded model's process."""
    chat = embedded_chat_model(endpoint)

    async def close() -> None:
        if chat.http_async_client is not None:
            await chat.http_async_client.aclose()
        if chat.http_client is not None:
            chat.http_client.close()

    return Client(chat, close)


def load_lazy_parts() -> None:
    """What the first call would wait for: OpenAI's SDK imports hundreds of modules then, the measure of
    readability too, and certificates are read."""
    import_module("textstat")
    import_module("openai.lib.streaming.chat")
    _ = AsyncOpenAI(api_key="none").chat.completions  # touching it is what imports them
    _load_certificates()


def _openai_protocol(spec: ModelSpec, connection: Connection) -> Client:
    # Its own, so that it can be closed: the one that ChatOpenAI would share outlives everything.
    http = DefaultAsyncHttpxClient(verify=_load_certificates())
    chat = ChatOpenAI(
        model=spec.name,
        base_url=connection.base_url,
        # Servers that speak OpenAI's protocol without accounts still want to see a key.
        api_key=connection.key or SecretStr("none"),
        # Of `openai:` models, a few are offered on the Responses API only: langchain knows those.
        use_responses_api={"openai": None, "openai_responses": True}.get(spec.provider, False),
        max_retries=0,
        stream_usage=True,
        # The limit between two tokens is ours (`calls.py`), one for every provider; and on Python 3.11
        # this one swallows a cancel that meets a token.
        stream_chunk_timeout=None,
        http_async_client=http,
    )
    return Client(chat, http.aclose)


def _google(name: str, connection: Connection) -> Client:
    from langchain_google_genai import ChatGoogleGenerativeAI  # a second more, for those who use it

    chat = ChatGoogleGenerativeAI(
        model=name,
        google_api_key=connection.key,
        base_url=connection.base_url,
        # The SDK counts attempts: one means that nothing is tried again.
        max_retries=1,
        client_args={"verify": _load_certificates()},
    )
    return Client(chat, chat.aclose)


@cache
def _load_certificates() -> ssl.SSLContext:
    """Read once: for each client anew it would take longer than all the rest of it."""
    return httpx.create_ssl_context()
