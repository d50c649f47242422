"""Estimated length and cost of a run before it is started, from the owner's last runs or from the price alone. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from backend.runs.admission.cost_assumptions import (
    ASSUMED_MARGINS,
    MEASURED_MARGINS,
    PROMPT_TOKENS,
    TOKENS_PER_WORD,
)
from backend.store.usage import RunCost
from workflows.formats.base import AnyFormat
from workflows.formats.capabilities import AdaptsToModel
from workflows.formats.defaults import expected_words
from workflows.models.budget.prices import Price, Tokens
from workflows.models.spec import ModelSpec

_SECTION_WORDS = 400
# The plan, the verdict and the results: tokens read and written.
_AROUND = Tokens(2_000, 1_000)


@dataclass(frozen=True, slots=True)
class StartQuote:
    """An estimate. Without an expected length there are no `words`; without a price either there is no cost."""

    format: str
    model: str
    words: int | None
    cost_usd_low: float | None
    cost_usd_high: float | None
    basis: Literal["measured", "assumed", "unknown"]
    budget_usd: float | None


def find_words(format: AnyFormat, inputs: BaseModel, model: ModelSpec) -> int | None:
    """The words that a run is expected to have; None for the built-in model's own variant of a format, whose length is
    its own."""
    is_variant = model.provider == "embedded" and isinstance(format, AdaptsToModel)
    return None if is_variant else expected_words(format, inputs)


def make_start_quote(
    format: str,
    model: str,
    words: int | None,
    price: Price | None,
    past: Sequence[RunCost],
    budget_usd: float | None,
) -> StartQuote:
    """The estimate. `past` are the owner's last runs of this format and model; `price` is the model's."""
    if words is None and past:
        words = round(sum(run.words for run in past) / len(past))
    low, high = _estimate(words, price, past)
    measured = any(run.cost_usd is not None for run in past)
    return StartQuote(
        format=format,
        model=model,
        words=words,
        cost_usd_low=low,
        cost_usd_high=high,
        basis="unknown" if high is None else "measured" if measured else "assumed",
        budget_usd=budget_usd,
    )


def _estimate(
    words: int | None, price: Price | None, past: Sequence[RunCost]
) -> tuple[float | None, float | None]:
    if words is None:
        return None, None
    rates = [run.cost_usd / run.words for run in past if run.cost_usd is not None]
    if rates:
        low, high = MEASURED_MARGINS
        return round(min(rates) * words * low, 6), round(max(rates) * words * high, 6)
    if price is None:
        return None, None
    sections = math.ceil(words / _SECTION_WORDS)
    # Each section is shown the text before it: half of it, on the average.
    read = sections * (PROMPT_TOKENS + words * TOKENS_PER_WORD / 2) + _AROUND.input
    cost = price.cost(Tokens(round(read), round(words * TOKENS_PER_WORD) + _AROUND.output))
    low, high = ASSUMED_MARGINS
    return round(cost * low, 6), round(cost * high, 6)
