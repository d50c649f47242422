"""Calling a model so that nothing goes wrong in silence.

`stream_text` and `ask` are the ways in which a node talks to a model, beside `search.py`: all give up when no
token comes, all turn what a provider or its SDK says into the errors of `workflows/errors.py`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from pydantic import BaseModel

from workflows.errors import ModelBadOutput, ModelTruncated, SafetyRejected, StorywireError
from workflows.models.budget.ledger import used_up
from workflows.models.calls.structured_output import ask_to_mend, bind_form, describe_form, find_answer
from workflows.models.clients.catalog import Model
from workflows.models.clients.fallback import FALLS_BACK, Fallback
from workflows.models.structured import StructuredMode

SchemaT = TypeVar("SchemaT", bound=BaseModel)
_T = TypeVar("_T")

# A call of a function ends a reply too; only `ask` in the mode `tools` offers one.
_DONE = {"stop", "end_turn", "completed", "STOP", "tool_calls", "function_call"}
_UNFINISHED = {"in_progress", "queued"}
_LENGTH = {"length", "max_tokens", "max_output_tokens", "incomplete", "MAX_TOKENS"}
_FILTERED = {"content_filter", "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION"}


def stream_text(model: Model, messages: Sequence[BaseMessage]) -> AsyncGenerator[str]:
    """The reply's text as it comes, as deltas that are never empty.

    Raises a ModelError for whatever broke; ModelTruncated when the reply ends without a finish
    reason or at its length limit, BudgetExceeded when that was the run's, ModelBadOutput when it has no text.
    Before the first delta, a fallback model may take over from one that can't be reached.
    """
    return stream_or_fall_back(model, partial(_stream, messages=messages))


async def ask(model: Model, schema: type[SchemaT], messages: Sequence[BaseMessage]) -> SchemaT:
    """One structured answer, in the best way that the model has. Raises ModelBadOutput when it isn't what
    `schema` asks for, and a ModelError for whatever broke; a fallback model may take over before that."""
    try:
        return await _ask(_current(model), schema, messages)
    except FALLS_BACK as error:
        if model.fallback is None:
            raise
        return await _ask(await model.fallback.take_over(error), schema, messages)


def _current(model: Model) -> Model:
    """The model, or the one that took over from it."""
    return model if model.fallback is None or model.fallback.taken is None else model.fallback.taken


def stream_or_fall_back(model: Model, stream: Callable[[Model], AsyncGenerator[_T]]) -> AsyncGenerator[_T]:
    """`stream` of the model; before its first item, a fallback model may take over from one that can't be reached."""
    return stream(model) if model.fallback is None else _fall_back(model, model.fallback, stream)


async def _fall_back(
    model: Model, fallback: Fallback[Model], stream: Callable[[Model], AsyncGenerator[_T]]
) -> AsyncGenerator[_T]:
    try:
        async with aclosing(stream(_current(model))) as items:
            async for item in items:
                fallback.too_late = True
                yield item
        return
    except FALLS_BACK as error:
        replacement = await fallback.take_over(error)
    async with aclosing(stream(replacement)) as items:
        async for item in items:
            fallback.too_late = True
            yield item


async def _stream(model: Model, messages: Sequence[BaseMessage]) -> AsyncGenerator[str]:
    async with aclosing(read_reply(model, messages)) as chunks:
        async for chunk in chunks:
            if text := chunk.text:
                yield text


async def read_reply(
    model: Model, messages: Sequence[BaseMessage], tool: dict[str, Any] | None = None
) -> AsyncGenerator[AIMessage]:
    """One call's chunks as they come, on the run's account; `tool` is one that the provider itself uses.

    Raises as `stream_text` does.
    """
    model = model.metered(messages)
    # A bound model is a Runnable that streams as a chat model does.
    chat = model.chat if tool is None else cast(BaseChatModel, model.chat.bind_tools([tool]))
    finish: str | None = None
    empty, refused = True, False
    async with aclosing(guard(model, chat.astream(list(messages)))) as chunks:
        async for chunk in chunks:
            finish = finish_reason(chunk) or finish
            if chunk.text:
                empty = False
            else:
                refused = refused or is_refusal(chunk)
            yield chunk
            if model.ran_out and finish is None:
                raise used_up()  # a provider that keeps no limit; leaving the stream closes it
    check_finish(model, finish)
    if refused:
        raise _refused(model)
    if empty:
        raise ModelBadOutput(f"{model.spec} sent an empty reply; perhaps it refused to write this.")


async def _ask(model: Model, schema: type[SchemaT], messages: Sequence[BaseMessage]) -> SchemaT:
    """Nobody reads an answer while it grows, so it isn't streamed: token by token it costs several times the work."""
    asked = [*messages]
    form = schema.model_json_schema()
    if model.structured in ("json_mode", "plain"):
        asked = describe_form(asked, form)
    reply = await _answer(model, form, asked)
    try:
        return schema.model_validate(find_answer(model.structured, reply))
    except ValueError as error:  # no JSON, or not in the form: pydantic's is one too
        if model.structured != "plain":
            raise _not_in_form(model) from None
        asked = ask_to_mend(asked, reply, error)
    reply = await _answer(model, form, asked)
    try:
        return schema.model_validate(find_answer(model.structured, reply))
    except ValueError:
        raise _not_in_form(model) from None


async def _answer(model: Model, form: dict[str, Any], messages: list[BaseMessage]) -> AIMessage:
    """One call, and its whole reply."""
    model = model.metered(messages, leaves=False)
    # Token by token it costs several times the work, so that is for where it may have to be stopped.
    whole = model.chat.model_copy(update={"disable_streaming": not model.needs_watching})
    runnable = bind_form(model, form, whole)
    reply = await limit(model, runnable.ainvoke(messages), asked=model.structured)
    check_finish(model, finish_reason(reply))
    if is_refusal(reply):
        raise _refused(model)
    return reply


def is_refusal(reply: AIMessage) -> bool:
    """Whether the model refused in the way that its API has for it: OpenAI chat, or OpenAI Responses."""
    return bool(reply.additional_kwargs.get("refusal")) or any(
        isinstance(block, dict) and block.get("type") == "refusal" for block in reply.content
    )


def _refused(model: Model) -> ModelBadOutput:
    return ModelBadOutput(f"{model.spec} refused to write this. Ask for something else, or another model.")


def _not_in_form(model: Model) -> ModelBadOutput:
    return ModelBadOutput(f"{model.spec} did not answer in the form that was asked for.")


async def limit(model: Model, work: Awaitable[_T], *, asked: StructuredMode | None = None) -> _T:
    """`work`, given up after `model.answer_timeout` seconds, its errors translated. `asked` says in which mode
    an answer was asked for, so that a refusal can say what to change."""
    try:
        async with asyncio.timeout(model.answer_timeout):
            return await work
    except StorywireError:
        raise
    except Exception as error:
        raise translate(model, error, asked) from error


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
        try:
            if model.spec.provider == "google_genai":
                await _interrupt(stream)
        finally:
            if (close := getattr(stream, "aclose", None)) is not None:
                await close()


async def _interrupt(stream: AsyncIterator[object]) -> None:
    """Has the stream wait for more, and cancels that.

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


def finish_reason(chunk: AIMessage) -> str | None:
    """Why the reply ended, if this chunk says so: OpenAI chat, OpenAI Responses or Gemini."""
    metadata = chunk.response_metadata
    reason = metadata.get("finish_reason") or metadata.get("status")
    if metadata.get("status") == "incomplete":
        reason = (metadata.get("incomplete_details") or {}).get("reason", "incomplete")
    if reason in _UNFINISHED:
        return None
    if not reason and (metadata.get("prompt_feedback") or {}).get("block_reason"):
        return "PROHIBITED_CONTENT"  # Gemini refused to begin
    return str(reason) if reason else None


def check_finish(model: Model, reason: str | None) -> None:
    """Raises unless `reason` says that the reply is whole."""
    if reason in _DONE:
        return
    if reason is None:
        raise ModelTruncated(f"The reply of {model.spec} broke off before its end.")
    if reason in _LENGTH and model.ran_out:
        raise used_up()
    if reason in _LENGTH:
        raise ModelTruncated(f"The reply of {model.spec} hit its length limit.")
    if reason in _FILTERED:
        raise SafetyRejected(f"The content filter of {model.spec} stopped the text.")
    raise ModelTruncated(f"The reply of {model.spec} ended for an unknown reason ({reason[:40]}).")


def translate(model: Model, error: Exception, asked: StructuredMode | None = None) -> Exception:
    """What a provider, its SDK or the network threw → the error that a person is told."""
    from workflows.models.calls.faults import translate_fault  # loads every SDK: only when something broke

    fault = translate_fault(model.spec, error, asked)
    return used_up() if isinstance(fault, ModelTruncated) and model.ran_out else fault
