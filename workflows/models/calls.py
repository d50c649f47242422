"""Calling a model so that nothing goes wrong in silence.

`stream_text` and `ask` are the only two ways in which a node talks to a model: both give up when no
token comes, both turn what a provider or its SDK says into the errors of `workflows/errors.py`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TypeVar

import httpx
import openai
from langchain_core import exceptions as langchain_errors
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, BaseMessage
from langchain_openai.chat_models.base import OpenAIRefusalError
from pydantic import BaseModel, ValidationError

from workflows.errors import (
    ModelAuth,
    ModelBadOutput,
    ModelError,
    ModelNotConfigured,
    ModelRateLimited,
    ModelTimeout,
    ModelTruncated,
    ModelUnavailable,
    SafetyRejected,
    StorywireError,
)
from workflows.models.catalog import Model

SchemaT = TypeVar("SchemaT", bound=BaseModel)
_T = TypeVar("_T")

_DONE = {"stop", "end_turn", "completed", "STOP"}
_LENGTH = {"length", "max_tokens", "max_output_tokens", "incomplete", "MAX_TOKENS"}
_FILTERED = {"content_filter", "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION"}


async def stream_text(model: Model, messages: Sequence[BaseMessage]) -> AsyncGenerator[str]:
    """The reply's text as it comes, as deltas that are never empty.

    Raises a ModelError for whatever broke; ModelTruncated when the reply ends without a finish
    reason or at its length limit, ModelBadOutput when it has no text.
    """
    finish: str | None = None
    empty = True
    async with aclosing(guard(model, model.chat.astream(list(messages)))) as chunks:
        async for chunk in chunks:
            finish = finish_reason(chunk) or finish
            if text := chunk.text:
                empty = False
                yield text
    check_finish(model, finish)
    if empty:
        raise ModelBadOutput(f"{model.spec} sent an empty reply.")


async def ask(model: Model, schema: type[SchemaT], messages: Sequence[BaseMessage]) -> SchemaT:
    """One structured answer. Raises ModelBadOutput when it isn't what `schema` asks for."""
    runnable = model.chat.with_structured_output(schema, method=model.structured)
    try:
        async with asyncio.timeout(model.token_timeout):
            answer = await runnable.ainvoke(list(messages))
    except Exception as error:
        raise translate(model, error) from error
    if not isinstance(answer, schema):
        raise ModelBadOutput(f"{model.spec} did not answer in the form that was asked for.")
    return answer


async def guard(model: Model, stream: AsyncIterator[_T]) -> AsyncGenerator[_T]:
    """`stream`, given up when it is silent for `model.token_timeout` seconds, its errors translated."""
    try:
        while True:
            async with asyncio.timeout(model.token_timeout):
                try:
                    item = await anext(stream)
                except StopAsyncIteration:
                    return
            yield item
    except Exception as error:
        raise translate(model, error) from error
    finally:
        # Closing the stream closes the provider's connection: that is what stops the spending.
        if (close := getattr(stream, "aclose", None)) is not None:
            await close()


def finish_reason(chunk: AIMessage) -> str | None:
    """Why the reply ended, if this chunk says so: OpenAI chat, OpenAI Responses or Gemini."""
    metadata = chunk.response_metadata
    reason = metadata.get("finish_reason") or metadata.get("status")
    if metadata.get("status") == "incomplete":
        reason = (metadata.get("incomplete_details") or {}).get("reason", "incomplete")
    return str(reason) if reason else None


def check_finish(model: Model, reason: str | None) -> None:
    """Raises unless `reason` says that the reply is whole."""
    if reason in _DONE:
        return
    if reason is None:
        raise ModelTruncated(f"The reply of {model.spec} broke off before its end.")
    if reason in _LENGTH:
        raise ModelTruncated(f"The reply of {model.spec} hit its length limit.")
    if reason in _FILTERED:
        raise SafetyRejected(f"The content filter of {model.spec} stopped the text.")
    raise ModelTruncated(f"The reply of {model.spec} ended for an unknown reason ({reason[:40]}).")


def translate(model: Model, error: Exception) -> Exception:
    """What a provider, its SDK or the network threw → the error that a person is told."""
    if isinstance(error, StorywireError):
        return error
    name = str(model.spec)
    for kinds, make in _TRANSLATIONS:
        if isinstance(error, kinds):
            return make(name)
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if isinstance(status, int):
        return _by_status(name, status)
    if type(error).__module__.split(".")[0] in {
        "openai",
        "google",
        "langchain_google_genai",
        "httpcore",
        "aiohttp",
    }:
        return ModelUnavailable(f"{name} broke off the reply.")
    return error


def _by_status(name: str, status: int) -> ModelError:
    if status in (401, 403):
        return _auth(name)
    if status == 404:
        return _no_model(name)
    if status == 429:
        return _rate_limited(name)
    if status == 408:
        return _timeout(name)
    if status >= 500:
        return _unavailable(name)
    return _refused(name)


def _auth(name: str) -> ModelError:
    return ModelAuth(f"The provider of {name} refused the key. Check the key and what it may use.")


def _no_model(name: str) -> ModelError:
    return ModelNotConfigured(
        f"The provider knows no model {name}. Check STORYWIRE_MODEL or the run's model."
    )


def _rate_limited(name: str) -> ModelError:
    return ModelRateLimited(f"The provider of {name} asks to slow down, or its account is out of credit.")


def _timeout(name: str) -> ModelError:
    return ModelTimeout(f"{name} sent nothing for too long.")


def _unavailable(name: str) -> ModelError:
    return ModelUnavailable(f"The provider of {name} can't be reached or is failing.")


def _refused(name: str) -> ModelError:
    return ModelBadOutput(f"The provider of {name} refused the request as it is.")


def _bad_output(name: str) -> ModelError:
    return ModelBadOutput(f"{name} did not answer in the form that was asked for.")


# First match wins: langchain's own classes are the same for every provider, then the SDKs' and httpx's.
_TRANSLATIONS = (
    ((langchain_errors.ModelAuthenticationError, langchain_errors.ModelPermissionDeniedError), _auth),
    ((langchain_errors.ModelNotFoundError,), _no_model),
    ((langchain_errors.ModelRateLimitError,), _rate_limited),
    (
        (langchain_errors.ModelTimeoutError, TimeoutError, httpx.TimeoutException, openai.APITimeoutError),
        _timeout,
    ),
    (
        (langchain_errors.ModelConnectionError, langchain_errors.ModelAPIError, httpx.TransportError),
        _unavailable,
    ),
    ((langchain_errors.ModelInvalidRequestError, langchain_errors.ContextOverflowError), _refused),
    (
        (OutputParserException, ValidationError, OpenAIRefusalError, openai.LengthFinishReasonError),
        _bad_output,
    ),
    ((ValueError,), _bad_output),
)
