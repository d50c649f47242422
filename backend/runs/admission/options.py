"""How a run is to be written, beside what it is about."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from workflows.errors import FieldError, InvalidInput
from workflows.messages.messages import UsageUpdated
from workflows.models.budget.ledger import Caps
from workflows.models.budget.prices import PriceBook
from workflows.models.spec import ModelSpec

MAX_USD = 1_000_000
MAX_TOKENS = 1_000_000_000
"""Caps beyond these are mistakes, and numbers far beyond them fit no column."""


class RunOptions(BaseModel):
    """The options of a run. Strict: a JSON `true` is no number. A query's strings are read with `strict=False`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    model: str | None = Field(
        None, description="provider:model; the service's default when left out", max_length=128
    )
    parallel: int = Field(1, ge=1, le=16, description="Sections that are written at once")
    on_disconnect: Literal["continue", "cancel"] = Field(
        "continue", description="cancel: stop the run when nobody has read it for a while"
    )
    keep_length: bool = Field(
        True, description="Keep each section to its planned length; false: take what the model writes"
    )
    budget_usd: float | None = Field(
        None,
        gt=0,
        le=MAX_USD,
        allow_inf_nan=False,
        description="US dollars that the run may cost; the service's default when left out",
    )
    max_output_tokens: int | None = Field(
        None, ge=1, le=MAX_TOKENS, description="Tokens that the models may write for the run, all in all"
    )
    cache: Literal["use", "refresh", "off"] | None = Field(
        None,
        description="use: the same request's last result, if there is one; refresh: written anew and kept; "
        "off; the format's default when left out",
    )
    review_outline: bool = Field(False, description="Wait after the plan for a person to edit it")


def with_caps(options: RunOptions, caps: Caps) -> RunOptions:
    """The options with other caps; what these leave out stays."""
    given = {"budget_usd": caps.budget_usd, "max_output_tokens": caps.max_output_tokens}
    return options.model_copy(update={name: value for name, value in given.items() if value is not None})


def check_room(options: RunOptions, before: RunOptions, spent: UsageUpdated | None, *, used_up: bool) -> None:
    """Raises InvalidInput when the run would end at once: what its options allow is spent already, or
    (`used_up`) it ended because too little was left, and they allow no more than `before`."""
    if spent is None:
        return
    short: dict[str, str] = {}
    stuck = used_up and options == before
    if options.budget_usd is not None and ((spent.cost_usd or 0.0) >= options.budget_usd or stuck):
        short["budget_usd"] = (
            f"{spent.cost_usd or 0.0:.6f} of {options.budget_usd:g} US dollars are spent; give more"
        )
    if options.max_output_tokens is not None and (spent.output_tokens >= options.max_output_tokens or stuck):
        short["max_output_tokens"] = (
            f"{spent.output_tokens} of {options.max_output_tokens} tokens are written; give more"
        )
    if short:
        errors = tuple(FieldError(name, message) for name, message in short.items())
        raise InvalidInput("; ".join(f"{error.field}: {error.message}" for error in errors), errors)


def check_prices(budget_usd: float | None, called: Iterable[ModelSpec], prices: PriceBook) -> None:
    """A budget can only be kept where every model's price is known. Raises InvalidInput."""
    if budget_usd is None:
        return
    for model in called:
        if prices.find(model) is None:
            message = (
                f"the price of {model} is not known, so no budget can be kept; STORYWIRE_PRICES can name it"
            )
            raise InvalidInput(f"options.budget_usd: {message}", (FieldError("options.budget_usd", message),))
