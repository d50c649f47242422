"""Calls of a model whose failures are never silent.

`stream_text` and `ask` are the ways in which a node talks to a model, beside `search.py`: all give up when no
token comes, all turn what a provider or its SDK says into the errors of `workflows/errors.py`.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import lru_cache, partial
from typing import Any, TypeVar, cast

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import BaseModel

from workflows.errors import ModelBadOutput
from workflows.loop_turns import LoopTurns, off_loop
from workflows.models.budget.ledger import used_up
from workflows.models.calls.content import ContentReader
from workflows.models.calls.model_call import ModelCall, is_refusal, refused
from workflows.models.calls.slices import slices, turn_after
from workflows.models.calls.structured_output import (
    SchemaT,
    ask_to_mend,
    bind_schema,
    describe_schema,
    other_mode,
    read_answer,
)
from workflows.models.clients.model import FALLS_BACK, Fallback, Model
from workflows.models.replies.finish import finish_reason
from workflows.models.replies.whole import begins_within_thoughts
from workflows.models.wire.deltas import hidden_of_chunk
from workflows.text.metrics.repetition import LoopDetector

_T = TypeVar("_T")


def stream_text(model: Model, messages: Sequence[BaseMessage]) -> AsyncGenerator[str]:
    """The reply's text as non-empty deltas, without the model's thoughts.

    Raises a ModelError for whatever broke; ModelTruncated when the reply ends without a finish
    reason or at its length limit, BudgetExceeded when that was the run's, ModelBadOutput when it has no text.
    Before the first delta, a fallback model may take over from one that can't be reached.
    """
    return stream_or_fall_back(model, partial(_stream, messages=messages))


async def ask(model: Model, schema: type[SchemaT], messages: Sequence[BaseMessage]) -> SchemaT:
    """A structured answer, in the model's best mode. Raises ModelBadOutput when it doesn't match `schema`, and
    another ModelError for any other failure; a fallback model may take over before that."""
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
    """`stream` of the model; before its first item, a fallback may take over if it can't be reached."""
    return stream(model) if model.fallback is None else _fall_back(model, model.fallback, stream)


async def _fall_back(
    model: Model, fallback: Fallback, stream: Callable[[Model], AsyncGenerator[_T]]
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
    if model.ready_reply is not None:
        yield model.ready_reply
        return
    content = ContentReader(model)
    async with aclosing(read_reply(model, messages)) as chunks:
        async for chunk in chunks:
            for piece in slices(await off_loop(len(chunk.text), content.read, chunk.text)):
                yield piece
                await turn_after(piece)
    for piece in slices(content.finish()):
        yield piece
        await turn_after(piece)


async def read_reply(
    model: Model, messages: Sequence[BaseMessage], tool: dict[str, Any] | None = None
) -> AsyncGenerator[AIMessage]:
    """The chunks of a call as they arrive, on the run's account; `tool` is one that the provider itself uses.

    Raises as `stream_text` does. A reply that ends in a refusal, or in a call of a function, isn't whole; one that
    says the same without end is left, and is ModelBadOutput.
    """
    call = ModelCall(model, messages, is_watched=True)
    stream = call.stream(None if tool is None else lambda chat: chat.bind_tools([tool]))
    finish: str | None = None
    was_refused = False
    turns = LoopTurns()  # a fast provider's chunks are there without any wait
    # Of all that the model says, also what readers never see.
    loop, thoughts = LoopDetector(), LoopDetector()
    hidden_of_chunk.set("")
    async with aclosing(cast("AsyncGenerator[AIMessage]", stream)) as chunks:
        async for chunk in chunks:
            finish = finish_reason(chunk) or finish
            was_refused = was_refused or is_refusal(chunk)
            yield chunk
            await turns.give()
            if call.ran_out and finish is None:
                raise used_up()  # a provider that keeps no limit; leaving the stream closes it
            hidden = hidden_of_chunk.get()
            if await off_loop(len(chunk.text), loop.feed, chunk.text) or (
                hidden and await off_loop(len(hidden), thoughts.feed, hidden)
            ):
                raise _looping(model)
    call.check_finish(finish)
    if was_refused:
        raise refused(model)


async def _ask(model: Model, schema: type[SchemaT], messages: Sequence[BaseMessage]) -> SchemaT:
    """A structured answer, not streamed, since nobody reads it while it grows: streaming costs several times the
    work."""
    conversation = [*messages]
    json_schema = _json_schema_of(schema)
    if model.structured in ("json_mode", "plain"):
        conversation = describe_schema(conversation, json_schema)
    reply = await _answer(model, json_schema, conversation)
    try:
        return await off_loop(len(reply.text), read_answer, schema, model.structured, reply)
    except ValueError as error:  # no JSON, or not in the form: pydantic's is one too
        if model.structured != "plain":
            raise _not_in_form(model) from None
        conversation = ask_to_mend(conversation, reply, error)
    reply = await _answer(model, json_schema, conversation)
    try:
        return await off_loop(len(reply.text), read_answer, schema, model.structured, reply)
    except ValueError:
        raise _not_in_form(model) from None


@lru_cache(maxsize=64)
def _json_schema_of(schema: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of an answer. Made once: pydantic takes longer for it than for all the rest of a call."""
    return schema.model_json_schema()


async def _answer(model: Model, json_schema: dict[str, Any], messages: list[BaseMessage]) -> AIMessage:
    """A call, and its whole reply."""
    call = ModelCall(model, messages, is_watched=False)
    reply = await call.answer(partial(bind_schema, model, json_schema))
    call.check_finish(finish_reason(reply), calls_tools=True)
    if is_refusal(reply):
        raise refused(model)
    if await off_loop(len(reply.text), begins_within_thoughts, reply.text):
        # So will its texts, which can't be told from thoughts while they come.
        model.traits.unmarked_thoughts = True
    return reply


def _looping(model: Model) -> ModelBadOutput:
    return ModelBadOutput(
        f"{model.spec} said the same over and over and was stopped. What was written before is kept; go on with the "
        "run, with another model if it happens again."
    )


def _not_in_form(model: Model) -> ModelBadOutput:
    other = other_mode(model.structured)
    advice = f" Another mode may help: STORYWIRE_STRUCTURED_MODES={model.spec}={other}" if other else ""
    return ModelBadOutput(f"{model.spec} did not answer in the form that was asked for.{advice}")
