"""A call of a model, on the run's account and within its remaining budget."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, cast

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import ensure_config, merge_configs

from workflows.errors import ModelBadOutput, ModelTruncated, ModelUnavailable, StorywireError
from workflows.models.budget.ledger import used_up
from workflows.models.budget.meter import MeterReader
from workflows.models.calls.events import without_deaf_handlers
from workflows.models.calls.patience import guard, limit
from workflows.models.clients.model import Model
from workflows.models.replies.finish import FinishOutcome, filtered, read_outcome
from workflows.models.wire.deltas import hidden_of_chunk

_TAKEN_BY_ALL = 4096
"""Tokens. Providers refuse a limit above the model's own, and none is below this. A reply that may be longer is
watched from here, and stopped at the chunk that goes over."""

Bind = Callable[[BaseChatModel], Runnable[LanguageModelInput, AIMessage]]


class ModelCall:
    """A request and its reply. Raises BudgetExceeded when nothing of the run's budget is left for it.

    `is_watched`: the caller reads chunk by chunk, and leaves when the reply is longer than the run can pay;
    otherwise the meter breaks it off.
    """

    def __init__(self, model: Model, messages: Sequence[BaseMessage], *, is_watched: bool) -> None:
        self._model = model
        self._messages = list(messages)
        self._is_watched = is_watched
        self._open = None if model.meter is None else model.meter.begin(messages)

    @property
    def ran_out(self) -> bool:
        """Whether the run's budget ended the reply."""
        return self._open is not None and self._open.ran_out

    def stream(self, bind: Bind | None = None) -> AsyncIterator[AIMessage]:
        """The reply's chunks. A silence that is too long, or any other failure, is a ModelError."""
        client = self._model.chat
        if self._model.replay is not None:  # a cassette finds the reply by what the call is for
            client = client.model_copy(update={"metadata": self._metadata()})
        chat = client if bind is None else bind(client)
        return guard(self._model, self._reported(chat), _says_something)

    async def _reported(self, chat: Runnable[LanguageModelInput, AIMessage]) -> AsyncIterator[AIMessage]:
        stream = chat.astream(self._messages, self._config(), **self._limits())
        async with aclosing(cast("Any", stream)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def answer(self, bind: Bind) -> AIMessage:
        """The whole reply at once. Streaming costs several times the work: it is only for replies that may be
        stopped."""
        update = {"disable_streaming": not self._needs_watching, "metadata": self._metadata()}
        whole = self._model.chat.model_copy(update=update)
        work: Awaitable[AIMessage] = bind(whole).ainvoke(self._messages, self._config(), **self._limits())
        try:
            return await limit(self._model, work, structured_mode=self._model.structured)
        except ModelTruncated:
            if self.ran_out:
                raise used_up() from None
            raise

    def check_finish(self, reason: str | None, *, calls_tools: bool = False) -> None:
        """Raises unless `reason` means a whole reply. `calls_tools`: a function call may end it."""
        outcome = read_outcome(reason)
        if outcome != "whole" and not (outcome == "call" and calls_tools):
            raise self._unfinished(outcome, reason)

    def _unfinished(self, outcome: FinishOutcome, reason: str | None) -> StorywireError:
        """The error for a reply that isn't whole."""
        spec = self._model.spec
        match outcome:
            case "call":
                return ModelBadOutput(f"{spec} called a function where it should have written text.")
            case "none":
                return ModelTruncated(f"The reply of {spec} broke off before its end.")
            case "length" if self.ran_out:
                return used_up()
            case "length":
                return ModelTruncated(f"The reply of {spec} hit its length limit.")
            case "filter":
                return filtered(spec)
            case "recitation":
                return ModelTruncated(
                    f"The provider of {spec} stopped the reply because it repeats a known text ({reason}). That "
                    "says nothing about its safety; go on with the run to have it written anew."
                )
            case "refusal":
                return refused(self._model)
            case "failure":
                return ModelUnavailable(
                    f"{spec} broke off the reply. Go on with the run, or try again later."
                )
            case _:
                return ModelTruncated(f"The reply of {spec} ended for an unknown reason ({reason}).")

    @property
    def _needs_watching(self) -> bool:
        """Whether the reply may exceed the run's budget without a limit at the provider."""
        limit_ = None if self._open is None else self._open.limit
        return limit_ is not None and limit_ > _TAKEN_BY_ALL

    def _metadata(self) -> dict[str, Any]:
        meter = self._model.meter
        return {**(self._model.chat.metadata or {}), **({} if meter is None else meter.metadata)}

    def _config(self) -> RunnableConfig:
        """The caller's own, with the run's account, and without those who are told of no model's events."""
        config, meter = without_deaf_handlers(ensure_config()), self._model.meter
        if meter is None or self._open is None:
            return config
        reader = MeterReader(meter, self._open, is_watched=self._is_watched)
        return merge_configs(config, {"callbacks": [reader], "metadata": meter.metadata})

    def _limits(self) -> dict[str, int]:
        """Limits at which the provider stops by itself, hidden output included."""
        tokens = None if self._open is None else self._open.limit
        if tokens is None or tokens > _TAKEN_BY_ALL:
            return {}
        is_gemini = "max_output_tokens" in type(self._model.chat).model_fields
        return {"max_output_tokens" if is_gemini else "max_tokens": tokens}


def _says_something(chunk: AIMessage) -> bool:
    return bool(chunk.content or hidden_of_chunk.get())


def is_refusal(reply: AIMessage) -> bool:
    """Whether the model refused by its API's own means: OpenAI chat, or OpenAI Responses."""
    # Of a text each character would be looked at.
    blocks = () if isinstance(reply.content, str) else reply.content
    return bool(reply.additional_kwargs.get("refusal")) or any(
        isinstance(block, dict) and block.get("type") == "refusal" for block in blocks
    )


def refused(model: Model) -> ModelBadOutput:
    """The error for the model's own refusal."""
    return ModelBadOutput(f"{model.spec} refused to write this. Ask for something else, or another model.")
