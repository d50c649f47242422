"""The providers' clients. Imported at first use: their SDKs take seconds to load.

Every client is built with no retries of its own: a retry that nobody sees buys tokens twice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from openai import DefaultAsyncHttpxClient
from pydantic import SecretStr

from workflows.models.embedded.client import chat_model as embedded_chat_model
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec

__all__ = ["build_client", "embedded_chat_model"]


@dataclass(frozen=True, slots=True)
class Client:
    """A chat model and how its connections are closed."""

    chat: BaseChatModel
    close: Callable[[], Awaitable[None]]


def build_client(spec: ModelSpec, settings: ModelSettings) -> Client:
    """The chat model of a provider that is reached over the network."""
    match spec.provider:
        case "openai":
            return _openai_protocol(spec.name, settings.openai_base_url, settings.openai_api_key)
        case "groq":
            return _openai_protocol(spec.name, settings.groq_base_url, settings.groq_api_key)
        case "ollama":
            return _openai_protocol(spec.name, settings.ollama_base_url, None)
        case "google_genai":
            return _google(spec.name, settings)
        case _:
            raise ValueError(f"there is no client for {spec}")


def _openai_protocol(name: str, base_url: str | None, key: SecretStr | None) -> Client:
    # Its own, so that it can be closed: the one that ChatOpenAI would share outlives everything.
    http = DefaultAsyncHttpxClient()
    chat = ChatOpenAI(
        model=name,
        base_url=base_url,
        # Servers that speak OpenAI's protocol without accounts still want to see a key.
        api_key=key or SecretStr("none"),
        max_retries=0,
        stream_usage=True,
        # The limit between two tokens is ours (`calls.py`), one for every provider; and on Python 3.11
        # this one swallows a cancel that meets a token.
        stream_chunk_timeout=None,
        http_async_client=http,
    )
    return Client(chat, http.aclose)


def _google(name: str, settings: ModelSettings) -> Client:
    from langchain_google_genai import ChatGoogleGenerativeAI  # a second more, for those who use it

    chat = ChatGoogleGenerativeAI(
        model=name,
        google_api_key=settings.google_api_key,
        base_url=settings.google_base_url,
        # The SDK counts attempts: one means that nothing is tried again.
        max_retries=1,
    )
    return Client(chat, chat.aclose)
