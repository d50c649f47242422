"""Totals of a run from what its calls say."""

from typing import Any

from workflows.messages.messages import CallUsage, UsageUpdated
from workflows.messages.transcript import Transcript
from workflows.messages.usage_totals import UsageTotals, sum_by_role

START = UsageUpdated(model="openai:test", input_tokens=0, output_tokens=0, cost_usd=0.0, budget_usd=1)


def spent(id: str, **other: Any) -> CallUsage:
    values = {"id": id, "model": "openai:test", "role": "writing"}
    return CallUsage(**{**values, "input_tokens": 10, "output_tokens": 20, **other})


def test_tally_adds_up_and_names_the_call() -> None:
    tally = UsageTotals(START)
    tally.add(spent("1", section=0, cost_usd=0.1))
    message = tally.add(spent("2", section=1, cost_usd=0.2, estimated=True))
    assert message is not None and message.call is not None
    assert (message.input_tokens, message.output_tokens, message.cost_usd) == (20, 40, 0.3)
    assert message.estimated and message.budget_usd == 1
    assert (message.call.section, message.call.cost_usd) == (1, 0.2)


def test_tally_tells_a_call_once() -> None:
    tally = UsageTotals(START)
    assert tally.add(spent("7")) is not None and tally.add(spent("7")) is None
    assert UsageTotals(START, known=["7"]).add(spent("7")) is None
    assert tally.usage.input_tokens == 10


def test_tally_with_a_call_of_unknown_price_has_no_cost_any_more() -> None:
    tally = UsageTotals(START)
    for number, cost in enumerate(({"cost_usd": 0.1}, {}, {"cost_usd": 0.1})):
        tally.add(spent(str(number), **cost))
    assert tally.usage.cost_usd is None and tally.usage.input_tokens == 30


def test_transcript_sums_by_role_model_and_section() -> None:
    tally, transcript = UsageTotals(START), Transcript()
    for number, (section, cost) in enumerate([(0, 0.1), (1, 0.2), (0, 0.3)]):
        message = tally.add(spent(str(number), section=section, cost_usd=cost))
        assert message is not None
        transcript.apply(message)
    usage = transcript.whole_usage
    assert usage is not None and usage.call is None and usage.by is not None
    assert [(part.section, part.output_tokens, part.cost_usd) for part in usage.by] == [
        (0, 40, 0.4),
        (1, 20, 0.2),
    ]
    assert sum_by_role(usage.by) == [
        CallUsage(role="writing", model="openai:test", input_tokens=30, output_tokens=60, cost_usd=0.6)
    ]
