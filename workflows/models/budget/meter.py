"""Metering of all model calls, whoever makes them and however the SDK streams."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import LLMResult

from workflows.messages.messages import CallUsage, ModelRole
from workflows.models.budget.counting import guess_prompt
from workflows.models.budget.ledger import Ledger, OpenCall, used_up
from workflows.models.budget.prices import Tokens
from workflows.models.replies.provider_strings import read_count
from workflows.models.spec import ModelSpec
from workflows.models.wire.deltas import deltas_of_chunk, hidden_of_chunk

ReportUsage = Callable[[CallUsage], None]


@dataclass(frozen=True, slots=True)
class Meter:
    """Account of one model's calls, and the receiver of their usage. `shares`: they run beside sections, although
    they belong to none."""

    ledger: Ledger
    report: ReportUsage
    model: ModelSpec
    role: ModelRole
    section: int | None
    shares: bool = False

    @property
    def metadata(self) -> dict[str, Any]:
        """Metadata of a call for LangChain's callbacks and traces."""
        return {"role": self.role} if self.section is None else {"role": self.role, "section": self.section}

    def begin(self, messages: Sequence[BaseMessage]) -> OpenCall:
        """Reserves a part of the budget for a call with this prompt. Raises BudgetExceeded."""
        guess = guess_prompt(messages)
        return self.ledger.begin(self.model, self.role, self.section, guess, shares=self.shares)


class MeterReader(AsyncCallbackHandler):
    """Callback that meters calls. `call` was opened already; others are opened when they start. `is_watched`: the
    caller stops when the budget runs out.

    A callback, because that is where every SDK's reply comes by, also one that is given up in its middle.
    """

    run_inline = True  # otherwise LangChain makes a task of every token
    raise_error = True  # a call that the budget doesn't allow must not go on

    def __init__(self, meter: Meter, call: OpenCall | None = None, *, is_watched: bool = False) -> None:
        self._meter = meter
        self._begun = call
        self._is_watched = is_watched
        self._calls: dict[UUID, OpenCall] = {}

    async def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **kwargs: Any
    ) -> None:
        """Opens the call. Raises BudgetExceeded."""
        del serialized, kwargs
        call = self._calls[run_id] = self._begun or self._meter.begin(messages[0])
        call.made = True
        deltas_of_chunk.set(1)  # a stream that was left may not have come to its end yet
        hidden_of_chunk.set("")
        self._begun = None

    async def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Counts a chunk of the reply. Raises BudgetExceeded where no caller watches the budget."""
        del kwargs
        call = self._calls[run_id]
        pieces = deltas_of_chunk.get()
        if hidden := hidden_of_chunk.get():  # paid for as text is
            call.add(hidden, 0 if token else pieces)
        if isinstance(token, str):
            call.add(token, pieces)
        else:  # Gemini and the Responses API send lists of parts
            for part in token:
                call.add(part if isinstance(part, str) else str(part.get("text") or ""))
        if call.ran_out and not self._is_watched:
            raise used_up()

    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Closes the call, as far as the provider answered."""
        del kwargs
        self._end(run_id, response)

    async def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Closes a call that broke or was left. What had arrived was paid for; a refusal wasn't."""
        call = self._calls[run_id]
        left = isinstance(error, asyncio.CancelledError | GeneratorExit)
        if (usage := getattr(getattr(error, "completion", None), "usage", None)) is not None:
            # OpenAI's SDK throws a whole reply that ended at its limit.
            read, written = read_count(usage.prompt_tokens), read_count(usage.completion_tokens)
            self._close(run_id, None if read is None or written is None else Tokens(read, written))
        elif call.written.tokens or left:
            self._end(run_id, kwargs.get("response"))
        else:
            self._meter.ledger.drop(self._calls.pop(run_id))

    def _end(self, run_id: UUID, response: LLMResult | None) -> None:
        call = self._calls[run_id]
        message = _message(response)
        if message is not None and not call.written.tokens:
            call.written.add(message.text or str(message.tool_calls or ""))
        finished = message is not None and bool(
            message.response_metadata.get("finish_reason") or message.response_metadata.get("status")
        )
        # Counts that a provider sends while it streams (Gemini) are no sums yet when the reply breaks off.
        self._close(run_id, _tokens(message) if finished else None)

    def _close(self, run_id: UUID, tokens: Tokens | None) -> None:
        if (spending := self._meter.ledger.end(self._calls.pop(run_id), tokens)) is not None:
            self._meter.report(spending)


def _message(response: LLMResult | None) -> AIMessage | None:
    if response is None or not response.generations or not response.generations[0]:
        return None
    message = getattr(response.generations[0][0], "message", None)
    return message if isinstance(message, AIMessage) else None


def _tokens(message: AIMessage | None) -> Tokens | None:
    """The provider's own count; None without a plausible one."""
    usage = message.usage_metadata if message is not None else None
    if usage is None:
        return None
    read, written = read_count(usage["input_tokens"]), read_count(usage["output_tokens"])
    if read is None or written is None or not (read or written):
        return None
    cached = read_count(usage.get("input_token_details", {}).get("cache_read")) or 0
    reasoning = read_count(usage.get("output_token_details", {}).get("reasoning")) or 0
    return Tokens(input=read, output=written, cached=min(cached, read), reasoning=min(reasoning, written))
