"""Calling a model so that nothing goes wrong in silence.

`stream_text` and `ask` are the only two ways in which a node talks to a model: both give up when no
token comes, both turn what a provider or its SDK says into the errors of `workflows/errors.py`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Sequence
from contextlib import aclosing
from typing import TypeVar

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import BaseModel, ValidationError

from workflows.errors import ModelBadOutput, ModelTruncated, SafetyRejected, StorywireError
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
    # As JSON Schema, checked here: the SDKs mend a reply that was cut, and say nothing of it.
    # Nobody reads an answer while it grows, and token by token it costs several times the work.
    whole = model.chat.model_copy(update={"disable_streaming": True})
    runnable = whole.with_structured_output(
        schema.model_json_schema(), method=model.structured, include_raw=True
    )
    answer = await limit(model, runnable.ainvoke(list(messages)))
    assert isinstance(answer, dict)
    raw: AIMessage = answer["raw"]
    check_finish(model, finish_reason(raw))
    try:
        return schema.model_validate(answer["parsed"])
    except ValidationError:
        raise ModelBadOutput(f"{model.spec} did not answer in the form that was asked for.") from None


async def limit(model: Model, work: Awaitable[_T]) -> _T:
    """`work`, given up after `model.token_timeout` seconds, its errors translated."""
    try:
        async with asyncio.timeout(model.token_timeout):
            return await work
    except StorywireError:
        raise
    except Exception as error:
        raise translate(model, error) from error


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
    except StorywireError:
        raise
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
    if not reason and (metadata.get("prompt_feedback") or {}).get("block_reason"):
        return "PROHIBITED_CONTENT"  # Gemini refused to begin
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
    from workflows.models.faults import translate_fault  # loads every SDK: only when something broke

    return translate_fault(str(model.spec), error)
