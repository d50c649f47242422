"""What the rest of a run will cost."""

from dataclasses import replace

from backend.runs.admission.resume_quote import make_resume_quote
from tests.unit.messages import OUTLINE, content, error
from tests.unit.stored_runs import a_run
from workflows.messages.messages import CallUsage, Message, UsageUpdated
from workflows.messages.transcript import Transcript
from workflows.models.budget.prices import FREE, OwnPrice

PRICE = OwnPrice(input=1, output=10)
FAILED = a_run(status="failed", error=error(), options={"budget_usd": 0.5})


def transcript(*messages: Message) -> Transcript:
    made = Transcript()
    for message in messages:
        made.apply(message)
    return made


def usage(output_tokens: int) -> UsageUpdated:
    call = CallUsage(
        role="writing", model="a:b", section=0, input_tokens=800, output_tokens=output_tokens, cost_usd=0.1
    )
    return UsageUpdated(model="a:b", input_tokens=800, output_tokens=output_tokens, cost_usd=0.1, call=call)


WRITTEN = (OUTLINE, content(0, "word " * 100, ends=True))


def test_quote_is_measured_by_what_the_finished_sections_took() -> None:
    cheap = make_resume_quote(FAILED, transcript(*WRITTEN, usage(150)), PRICE)
    dear = make_resume_quote(FAILED, transcript(*WRITTEN, usage(300)), PRICE)
    assert (cheap.basis, cheap.sections_left, cheap.words_left, cheap.resumable) == (
        "measured",
        [1],
        90,
        True,
    )
    assert cheap.output_tokens is not None and dear.output_tokens is not None
    assert dear.output_tokens - cheap.output_tokens == 135  # 1.5 tokens a word more, 90 words
    assert cheap.cost_usd_low is not None and cheap.cost_usd_high is not None
    assert 0 < cheap.cost_usd_low < cheap.cost_usd_high < 0.05
    assert (cheap.spent_usd, cheap.budget_usd) == (0.1, 0.5)


def test_quote_with_nothing_finished_is_assumed_and_wide() -> None:
    quote = make_resume_quote(FAILED, transcript(WRITTEN[0]), PRICE)
    assert (quote.basis, quote.sections_left, quote.words_left) == ("assumed", [0, 1], 180)
    assert quote.cost_usd_low is not None and quote.cost_usd_high is not None
    assert quote.cost_usd_high >= 4 * quote.cost_usd_low


def test_quote_without_a_price_has_no_cost_and_of_a_free_model_none_to_pay() -> None:
    said = transcript(*WRITTEN, usage(150))
    unknown, free = make_resume_quote(FAILED, said, None), make_resume_quote(FAILED, said, FREE)
    assert unknown.cost_usd_low is unknown.cost_usd_high is None and unknown.output_tokens
    assert free.cost_usd_low == free.cost_usd_high == 0


def test_quote_without_a_plan_knows_nothing() -> None:
    quote = make_resume_quote(replace(FAILED, status="running"), transcript(), PRICE)
    assert (quote.basis, quote.planned, quote.resumable, quote.cost_usd_low) == (
        "unknown",
        False,
        False,
        None,
    )
