"""A model as formats and nodes get it, and its fallback."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from langchain_core.language_models import BaseChatModel

from workflows.errors import (
    ModelAuth,
    ModelError,
    ModelNotConfigured,
    ModelRateLimited,
    ModelTimeout,
    ModelUnavailable,
)
from workflows.messages.messages import ModelRole
from workflows.models.budget.ledger import Ledger
from workflows.models.budget.meter import Meter, MeterReader, ReportUsage
from workflows.models.cassettes.library import OpenCassette
from workflows.models.spec import ModelSpec
from workflows.models.structured import StructuredMode
from workflows.models.wire.traits import ServerTraits

Tier = Literal["standard", "embedded"]

FALLS_BACK = (ModelAuth, ModelNotConfigured, ModelRateLimited, ModelTimeout, ModelUnavailable)
"""What another provider may do better. A reply that was cut, empty or refused was paid for, and isn't bought again."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model ready for calls, with its modes and limits. Timeouts are seconds."""

    spec: ModelSpec
    chat: BaseChatModel
    """The client. Its calls are on nobody's account; `calls.py` puts them on the run's."""
    tier: Tier
    structured: StructuredMode
    token_timeout: float
    answer_timeout: float = 180.0
    fallback: "Fallback | None" = None
    replay: OpenCassette | None = None
    """The cassette that it plays, if it plays one."""
    meter: Meter | None = None
    traits: ServerTraits = field(default_factory=ServerTraits)
    disconnect: Callable[[AsyncIterator[object]], Awaitable[None]] | None = None
    """Ends the connection of a stream that is left, where closing the stream doesn't."""
    ready_reply: str | None = None
    """Text that was paid for already: the next streamed call returns it, and nothing is sent."""

    def reporting(
        self,
        report: ReportUsage,
        role: ModelRole,
        section: int | None,
        ledger: Ledger,
        *,
        shares: bool = False,
    ) -> Self:
        """The same model with its calls on the run's account, each reported by `report`. `shares` as in `Meter`."""
        return replace(self, meter=Meter(ledger, report, self.spec, role, section, shares))

    def falling_back(self, fallback: "Fallback") -> Self:
        """The same model, with a fallback."""
        return replace(self, fallback=fallback)

    def with_reply(self, text: str) -> Self:
        """The same model, whose next streamed call returns this text and costs nothing."""
        return replace(self, ready_reply=text)

    @property
    def judges(self) -> bool:
        """Whether it was opened as a judge."""
        return self.meter is not None and self.meter.role == "judge"

    @property
    def metered_chat(self) -> BaseChatModel:
        """The client with metering built in, for code that calls it by itself."""
        if self.meter is None:
            return self.chat
        return self.chat.model_copy(
            update={"callbacks": [MeterReader(self.meter)], "metadata": self.meter.metadata}
        )


class Fallback:
    """The fallback model of one task of a run: opened when needed, and used from then on."""

    def __init__(self, open_other: Callable[[], Awaitable[Model]], notify: Callable[[str], None]) -> None:
        self._open_other = open_other
        self._notify = notify
        self.taken: Model | None = None
        self.too_late = False
        """Words were shown: what follows must not be another model's."""

    async def take_over(self, error: ModelError) -> Model:
        """The fallback model, after readers were told the reason. Raises `error` if there is none, or too late."""
        if self.too_late or self.taken is not None:
            raise error
        try:
            other = await self._open_other()
        except ModelError:
            raise error from None
        self._notify(f"{error.message} {other.spec} takes over.")
        self.taken = other
        return other
