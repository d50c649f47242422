"""What tokens cost, and what is said when nobody knows."""

from pathlib import Path

import pytest

from workflows.models.budget.prices import PriceError, PriceRegistry, Tokens
from workflows.models.choice.selection import DEFAULT_NAMES
from workflows.models.spec import ModelSpec


def cost(book: PriceRegistry, model: str, tokens: Tokens = Tokens(1_000_000, 1_000_000)) -> float | None:  # noqa: B008
    price = book.find(ModelSpec.parse(model))
    return None if price is None else price.cost(tokens)


@pytest.mark.parametrize(
    "model", [f"{provider}:{name}" for provider, name in DEFAULT_NAMES.items() if provider != "ollama"]
)
def test_price_of_every_default_model_is_known(model: str) -> None:
    found = cost(PriceRegistry(), model)
    assert found is not None and 0.1 < found < 100


def test_price_of_cached_input_is_lower() -> None:
    fresh = cost(PriceRegistry(), "openai:gpt-5-mini", Tokens(10_000, 100))
    cached = cost(PriceRegistry(), "openai:gpt-5-mini", Tokens(10_000, 100, cached=8_000))
    assert fresh is not None and cached is not None and cached < fresh / 2


@pytest.mark.parametrize("model", ["openai:gpt-5-mini", "groq:llama-3.3-70b-versatile"])
def test_price_is_found_whatever_a_provider_says_of_its_cache(model: str) -> None:
    found = cost(PriceRegistry(), model, Tokens(100, 100, cached=900, reasoning=500))
    assert found is not None and found > 0


def test_price_of_a_name_that_nobody_knows_is_none_and_of_an_own_machine_nothing() -> None:
    assert cost(PriceRegistry(), "openai:gpt-mystery") is None
    assert (
        cost(PriceRegistry(), "embedded:smollm2-135m-instruct")
        == cost(PriceRegistry(), "ollama:llama3.2")
        == 0
    )


def test_prices_are_never_fetched() -> None:
    from genai_prices import data_snapshot

    assert cost(PriceRegistry(), "openai:gpt-5-mini") is not None
    assert not data_snapshot.get_snapshot().from_auto_update


def test_price_of_ones_own_wins_by_its_first_pattern(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(
        '["openai:gpt-5-*"]\ninput = 1\noutput = 2\ncached_input = 0.5\n["*"]\ninput = 3\noutput = 3\n'
    )
    book = PriceRegistry(path)
    assert cost(book, "openai:gpt-5-mini") == 3 and cost(book, "ollama:llama3.2") == 6
    assert cost(book, "openai:gpt-5-mini", Tokens(1_000_000, 0, cached=500_000)) == 0.75


def test_price_file_may_be_json(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"openai:gpt-mystery": {"input": 1, "output": 1}}')
    assert cost(PriceRegistry(path), "openai:gpt-mystery") == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[openai", "can't be read"),
        ('["openai:x"]\ninput = 1\n', "openai:x.output"),
        ('["openai:x"]\ninput = -1\noutput = 1\n', "openai:x.input"),
        ('["openai:x"]\ninput = 1\noutput = 1\nper_call = 1\n', "openai:x.per_call"),
    ],
)
def test_price_file_that_is_wrong_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(PriceError, match=said):
        PriceRegistry(path)


def test_price_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match=r"none\.toml can't be read"):
        PriceRegistry(tmp_path / "none.toml")
