"""Caps on the cost of a run that is started or resumed. Pure."""

from collections.abc import Iterable

from backend.store.schema.run_values import RunOptions
from workflows.errors import FieldError, InvalidInput
from workflows.messages.messages import UsageUpdated
from workflows.models.budget.ledger import Caps
from workflows.models.budget.prices import PriceRegistry
from workflows.models.spec import ModelSpec


def with_caps(options: RunOptions, caps: Caps) -> RunOptions:
    """The options with these caps; those left out stay."""
    given = {"budget_usd": caps.budget_usd, "max_output_tokens": caps.max_output_tokens}
    return options.model_copy(update={name: value for name, value in given.items() if value is not None})


def check_room(options: RunOptions, before: RunOptions, spent: UsageUpdated | None, *, used_up: bool) -> None:
    """Raises InvalidInput when the run would end at once: its caps are spent already, or (`used_up`) it ended
    because too little was left, and they allow no more than `before`."""
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
        raise InvalidInput.of_fields(errors)


def check_prices(budget_usd: float | None, called: Iterable[ModelSpec], prices: PriceRegistry) -> None:
    """Raises InvalidInput for a budget where a model's price is unknown: it couldn't be kept."""
    if budget_usd is None:
        return
    for model in called:
        if prices.find(model) is None:
            message = (
                f"the price of {model} is not known, so no budget can be kept; STORYWIRE_PRICES can name it"
            )
            raise InvalidInput.of("options.budget_usd", message)
