"""The providers' clients. Imported at first use: their SDKs take seconds to load.

Every client is built with no retries of its own: a retry that nobody sees buys tokens twice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module

from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from pydantic import SecretStr

from workflows.models.embedded.client import chat_model as embedded_chat_model
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec

__all__ = ["build_client", "embedded_chat_model", "load_lazy_parts"]


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
            return _openai_protocol(spec.name, _with_version(settings.ollama_base_url), None)
        case "google_genai":
            return _google(spec.name, settings)
        case _:
            raise ValueError(f"there is no client for {spec}")


def _with_version(base_url: str | None) -> str | None:
    """Ollama's own variable names the server; OpenAI's protocol is below `/v1` there."""
    if base_url is None:
        return None
    return base_url.rstrip("/") if base_url.rstrip("/").endswith("/v1") else f"{base_url.rstrip('/')}/v1"


def load_lazy_parts() -> None:
    """OpenAI's SDK imports hundreds of modules when it is first called; so does the measure of readability."""
    import_module("textstat")
    import_module("openai.lib.streaming.chat")
    _ = AsyncOpenAI(api_key="none").chat.completions  # touching it is what imports them


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
