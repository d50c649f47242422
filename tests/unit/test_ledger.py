"""A run's ledger: what is spent, what is left, and that calls at once can't take more than that."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import BudgetExceeded
from workflows.models.budget.counting import TextCount, guess_tokens
from workflows.models.budget.ledger import Caps, Ledger, Ledgers, OpenCall
from workflows.models.budget.prices import PriceRegistry, Tokens
from workflows.models.spec import ModelSpec

MODEL = ModelSpec("openai", "gpt-test")
INPUT, OUTPUT = 1e-6, 1e-5


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> PriceRegistry:
    path: Path = tmp_path_factory.mktemp("prices") / "prices.toml"
    path.write_text('["openai:gpt-test"]\ninput = 1\noutput = 10\n')
    return PriceRegistry(path)


def begin(ledger: Ledger, section: int | None = 0, prompt: int = 100, model: ModelSpec = MODEL) -> OpenCall:
    return ledger.begin(model, "writing", section, prompt)


def write(call: OpenCall, tokens: int) -> None:
    for _ in range(tokens):
        call.add("word ")


def test_ledger_without_caps_limits_nothing(prices: PriceRegistry) -> None:
    ledger = Ledger(prices)
    call = begin(ledger, prompt=10**9)
    write(call, 1000)
    spending = ledger.end(call, Tokens(120, 1100, cached=20, reasoning=90))
    assert call.limit is None and not call.ran_out and spending is not None
    assert spending.cost_usd == pytest.approx(120 * INPUT + 1100 * OUTPUT)
    assert (spending.cached_tokens, spending.reasoning_tokens) == (20, 90)
    assert spending.estimated is None and ledger.calls == [spending]


def test_call_whose_provider_says_nothing_is_counted_by_us_and_says_so(prices: PriceRegistry) -> None:
    ledger = Ledger(prices)
    call = begin(ledger)
    write(call, 30)
    spending = ledger.end(call, None)
    assert spending is not None and spending.estimated
    assert (spending.input_tokens, spending.output_tokens) == (100, 30)


def test_prompt_that_nobody_counts_is_guessed_as_those_before_it_turned_out(prices: PriceRegistry) -> None:
    ledger = Ledger(prices)
    ledger.end(begin(ledger, prompt=100), Tokens(150, 10))
    ledger.end(begin(ledger, prompt=300), Tokens(450, 10))
    spending = ledger.end(begin(ledger, prompt=200), None)
    assert spending is not None and spending.input_tokens == 300


def test_call_of_unknown_price_has_no_cost_and_no_budget(prices: PriceRegistry) -> None:
    mystery = ModelSpec("openai", "gpt-mystery")
    ledger = Ledger(prices)
    spending = ledger.end(begin(ledger, model=mystery), Tokens(10, 10))
    assert spending is not None and spending.cost_usd is None
    with pytest.raises(BudgetExceeded, match="price of openai:gpt-mystery"):
        begin(Ledger(prices, Caps(budget_usd=1)), model=mystery)


def test_call_may_write_what_is_left_after_its_prompt_and_what_was_spent_before(
    prices: PriceRegistry,
) -> None:
    ledger = Ledger(prices, Caps(budget_usd=0.01), spent_usd=0.005)
    assert begin(ledger, prompt=1000).limit == pytest.approx(400, abs=1)


def test_prompt_that_is_dearer_than_what_is_left_is_not_sent(prices: PriceRegistry) -> None:
    ledger = Ledger(prices, Caps(budget_usd=0.001))
    with pytest.raises(BudgetExceeded):
        begin(ledger, prompt=2000)
    assert begin(ledger, prompt=100).limit == pytest.approx(
        90, abs=1
    )  # and nothing was taken for the one that wasn't


@pytest.mark.parametrize("caps", [Caps(budget_usd=0.00025), Caps(max_output_tokens=15)])
def test_call_that_could_write_next_to_nothing_is_not_made(prices: PriceRegistry, caps: Caps) -> None:
    with pytest.raises(BudgetExceeded):
        begin(Ledger(prices, caps), prompt=100)


def test_tighter_of_two_caps_counts(prices: PriceRegistry) -> None:
    assert begin(Ledger(prices, Caps(budget_usd=1, max_output_tokens=50))).limit == 50
    assert begin(Ledger(prices, Caps(budget_usd=0.0011, max_output_tokens=500))).limit == 100


def test_budget_of_a_model_that_costs_nothing_limits_nothing(prices: PriceRegistry) -> None:
    assert begin(Ledger(prices, Caps(budget_usd=0.01)), model=ModelSpec("ollama", "x")).limit is None


def test_plan_has_all_of_it_although_sections_will_share(prices: PriceRegistry) -> None:
    ledger = Ledger(prices, Caps(max_output_tokens=400), parallel=4)
    assert ledger.begin(MODEL, "outline", None, 100).limit == 400


def test_research_shares_with_the_section_beside_it_whichever_begins(prices: PriceRegistry) -> None:
    for first, second in ((None, 0), (0, None)):
        ledger = Ledger(prices, Caps(max_output_tokens=400), parallel=2)
        for section in (first, second):
            call = ledger.begin(MODEL, "writing", section, 100, shares=section is None)
            assert call.limit == 200


def test_sections_at_once_have_equal_parts_and_what_one_leaves_goes_to_the_next(
    prices: PriceRegistry,
) -> None:
    ledger = Ledger(prices, Caps(max_output_tokens=400), parallel=4)
    calls = [begin(ledger, section) for section in range(4)]
    assert [call.limit for call in calls] == [100] * 4
    with pytest.raises(BudgetExceeded):
        begin(ledger, 4)
    ledger.end(calls[0], Tokens(10, 20))
    assert begin(ledger, 4).limit == 80


def test_call_that_goes_over_its_limit_has_run_out(prices: PriceRegistry) -> None:
    ledger = Ledger(prices, Caps(max_output_tokens=20))
    call = begin(ledger)
    write(call, 20)
    assert not call.ran_out  # the provider may end it there by itself
    write(call, 1)
    assert call.ran_out


def test_reply_that_ends_at_its_limit_has_run_out(prices: PriceRegistry) -> None:
    ledger = Ledger(prices, Caps(max_output_tokens=20))
    first = begin(ledger)
    ledger.end(first, Tokens(10, 20))
    assert first.ran_out


def test_closing_counts_what_was_under_way_and_only_once(prices: PriceRegistry) -> None:
    ledger = Ledger(prices)
    over, cut, refused, never_made = (begin(ledger, section) for section in range(4))
    for call in (over, cut, refused):
        call.made = True
    ledger.end(over, Tokens(10, 10))
    write(cut, 7)
    ledger.drop(refused)
    ledger.close()
    assert ledger.end(cut, Tokens(10, 10)) is None
    assert [(s.section, s.output_tokens, s.estimated) for s in ledger.calls] == [
        (0, 10, None),
        (1, 7, True),
    ]
    assert never_made.closed


def test_ledgers_know_a_run_while_it_is_kept(prices: PriceRegistry) -> None:
    ledgers, ledger = Ledgers(prices), Ledger(prices, Caps(budget_usd=1))
    with ledgers.keep("run", ledger):
        assert ledgers.of("run") is ledger
    assert ledgers.of("run") is not ledger
    assert begin(ledgers.of(None)).limit is None


@given(
    parallel=st.integers(1, 6),
    budget=st.floats(0.0005, 0.02),
    replies=st.lists(st.tuples(st.integers(10, 300), st.floats(0, 1)), min_size=1, max_size=30),
)
def test_ledger_never_lets_a_run_spend_more_than_its_budget(
    prices: PriceRegistry, parallel: int, budget: float, replies: list[tuple[int, float]]
) -> None:
    """However long the replies are that providers keep within the limits they were given."""
    ledger = Ledger(prices, Caps(budget_usd=budget, max_output_tokens=1500), parallel=parallel)
    under_way: list[tuple[OpenCall, float]] = []
    for section, (prompt, share) in enumerate(replies):
        if len(under_way) == parallel:
            call, part = under_way.pop(0)
            ledger.end(call, Tokens(call.input_tokens, int((call.limit or 0) * part)))
        try:
            under_way.append((begin(ledger, section, prompt), share))
        except BudgetExceeded:
            break
    for call, part in under_way:
        ledger.end(call, Tokens(call.input_tokens, int((call.limit or 0) * part)))
    assert sum(s.cost_usd or 0 for s in ledger.calls) <= budget * (1 + 1e-9)
    assert sum(s.output_tokens for s in ledger.calls) <= 1500


def test_tokens_are_pieces_where_these_are_small_and_characters_where_they_are_large() -> None:
    small, large = TextCount(), TextCount()
    for word in ("The", "lamp", "burns", "all", "night", "and", "nobody", "sees", "it", "."):
        small.add(f" {word}")
    large.add("The lamp burns all night and nobody sees it." * 10)
    assert small.tokens == 10 and large.tokens == 110
    assert guess_tokens("") == 0 and guess_tokens("שלום לכולם") >= 4
