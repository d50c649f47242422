"""The real chat models, pointed at a fake provider, with clients of their own that are closed in time."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from langchain_core.language_models import BaseChatModel
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient
from pydantic import SecretStr

ModelApi = Literal["chat", "responses", "gemini"]
MODEL_APIS: tuple[ModelApi, ...] = ("chat", "responses", "gemini")
MODEL_NAMES: dict[ModelApi, str] = {
    "chat": "gpt-4.1-mini",
    "responses": "gpt-5-mini",
    "gemini": "gemini-2.5-flash",
}
# Loading the certificates anew for each client would take most of a test's time.
_TLS = ssl.create_default_context()


@asynccontextmanager
async def open_model(
    api: ModelApi,
    root_url: str,
    *,
    model: str | None = None,
    patience: float = 5.0,
    api_key: str = "test-key",
) -> AsyncIterator[BaseChatModel]:
    """A chat model that speaks `api` with the provider at `root_url` and sends every request once.

    `patience` (seconds) is the longest silence it bears.
    """
    name = model or MODEL_NAMES[api]
    if api == "gemini":
        # Attempts, not retries: 1 is the first request and nothing after it.
        gemini = ChatGoogleGenerativeAI(
            model=name,
            base_url=root_url,
            api_key=SecretStr(api_key),
            max_retries=1,
            timeout=patience,
            client_args={"verify": _TLS},
        )
        try:
            yield gemini
        finally:
            await gemini.aclose()
        return
    # The clients that ChatOpenAI would share between models outlive the event loop of a test.
    with DefaultHttpxClient(verify=_TLS) as sync:
        async with DefaultAsyncHttpxClient(verify=_TLS) as http:
            yield ChatOpenAI(
                model=name,
                base_url=f"{root_url}/v1",
                api_key=SecretStr(api_key),
                use_responses_api=api == "responses",
                stream_usage=True,  # off by default with a base URL
                max_retries=0,
                timeout=patience,
                # The wait that it adds for each chunk swallows a cancel that meets a chunk (Python 3.11).
                stream_chunk_timeout=None,
                http_client=sync,
                http_async_client=http,
            )
