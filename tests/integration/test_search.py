"""A model that may search: on the run's account like every other, and another one may take over from it."""

import pytest
from langchain_core.messages import HumanMessage

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.models import open_model
from workflows.errors import BudgetExceeded, ModelUnavailable
from workflows.messages.messages import CallUsage
from workflows.models.budget.ledger import Caps, Ledger
from workflows.models.budget.prices import PriceRegistry
from workflows.models.calls.search import Citation, stream_search
from workflows.models.clients.catalog import Model
from workflows.models.clients.model import Fallback

WISH = [HumanMessage("What is new?")]
PAPER = ("Schools", "https://paper.example.org/a")
APIS = pytest.mark.parametrize("api", ["chat", "responses", "gemini"])


async def search(model: Model) -> tuple[str, list[Citation]]:
    items = [item async for item in stream_search(model, WISH)]
    text = "".join(item for item in items if isinstance(item, str))
    return text, [item for item in items if isinstance(item, Citation)]


@APIS
async def test_search_is_held_to_the_budget_by_its_provider(provider: FakeProvider, api: str) -> None:
    provider.script = Script(default=Reply(words=200, text="word ", cites=(PAPER,)))
    ledger, told = Ledger(PriceRegistry(), Caps(max_output_tokens=40)), list[CallUsage]()
    async with open_model(provider.root_url, api) as model:
        with pytest.raises(BudgetExceeded):
            await search(model.reporting(told.append, "writing", None, ledger))

    [call] = provider.calls
    limits = {**call.body, **call.body.get("generationConfig", {})}
    assert 40 in (limits.get("max_output_tokens"), limits.get("maxOutputTokens"))
    assert [spent.output_tokens for spent in told] == [40]


@APIS
async def test_search_of_a_provider_that_keeps_no_limit_is_closed(provider: FakeProvider, api: str) -> None:
    whole = Reply(words=5000, text="word ", tokens_per_chunk=1, hold_after=100)
    provider.script = Script(default=whole, ignores_limits=True)
    ledger, told = Ledger(PriceRegistry(), Caps(max_output_tokens=40)), list[CallUsage]()
    async with open_model(provider.root_url, api) as model:
        with pytest.raises(BudgetExceeded):
            await search(model.reporting(told.append, "writing", None, ledger))
        await provider.wait_for_disconnect(provider.calls[0])
    assert len(told) == 1


@pytest.mark.parametrize("after", [None, 3])
async def test_another_model_searches_only_before_the_first_word(
    provider: FakeProvider, after: int | None
) -> None:
    broken = Reply(fault=Fault("drop", after=after), tokens_per_chunk=1)
    found = Reply(text="Evening schools close.", cites=(PAPER,))
    provider.script = Script(rules=(Rule(broken, model="gpt-test"),), default=found)
    told: list[str] = []
    async with (
        open_model(provider.root_url, "responses") as first,
        open_model(provider.root_url, "gemini") as other,
    ):

        async def open_other() -> Model:
            return other

        model = first.falling_back(Fallback(open_other, told.append))
        if after is None:
            assert await search(model) == ("Evening schools close.", [Citation(*PAPER)])
            assert (await search(model))[0] == "Evening schools close."
        else:
            with pytest.raises(ModelUnavailable):
                await search(model)
    assert len(told) == (after is None)
    assert [call.model for call in provider.calls].count("gpt-test") == 1
