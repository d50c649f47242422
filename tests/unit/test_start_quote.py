"""The estimate of a run that isn't started."""

import pytest

from backend.runs.admission.start_quote import make_start_quote
from backend.store.usage import RunCost
from workflows.formats.defaults import expected_words
from workflows.formats.registry import list_formats
from workflows.models.budget.prices import OwnPrice

PRICE = OwnPrice(input=1.0, output=10.0)


def test_quote_without_earlier_runs_goes_by_the_price_and_says_so() -> None:
    quote = make_start_quote("story", "m", 1000, PRICE, [], None)
    assert quote.basis == "assumed" and quote.words == 1000
    assert quote.cost_usd_low is not None and quote.cost_usd_high is not None
    # 1,400 tokens of text and 1,000 around it, at ten dollars a million.
    assert quote.cost_usd_low < 0.024 < quote.cost_usd_high


def test_quote_with_earlier_runs_goes_by_what_their_words_cost() -> None:
    past = [RunCost(500, 0.05), RunCost(1000, 0.2), RunCost(800, None)]
    quote = make_start_quote("story", "m", 1000, PRICE, past, 0.1)
    assert quote.basis == "measured" and quote.budget_usd == 0.1
    assert quote.cost_usd_low == pytest.approx(0.08)
    assert quote.cost_usd_high == pytest.approx(0.26)


def test_quote_of_an_unknown_length_takes_that_of_earlier_runs_and_without_any_says_nothing() -> None:
    assert make_start_quote("x", "m", None, PRICE, [RunCost(300, 0.03)], None).words == 300
    nothing = make_start_quote("x", "m", None, PRICE, [], None)
    assert (nothing.words, nothing.cost_usd_high, nothing.basis) == (None, None, "unknown")


def test_quote_without_a_price_has_no_cost_but_a_length() -> None:
    quote = make_start_quote("story", "m", 1000, None, [RunCost(300, None)], None)
    assert (quote.words, quote.cost_usd_low, quote.basis) == (1000, None, "unknown")


@pytest.mark.parametrize("name", sorted(list_formats()))
def test_format_of_ours_says_how_long_its_worked_example_will_be(name: str) -> None:
    format = list_formats()[name]
    words = expected_words(format, format.parse(dict(format.example)))
    assert words is None or 50 < words < 50_000
    assert words is not None or name in ("letter", "postcard")
