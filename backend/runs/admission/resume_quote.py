"""Estimated cost of resuming a run, from the cost of its finished sections. Pure."""

from dataclasses import dataclass
from typing import Literal

from backend.runs.admission.cost_assumptions import (
    ASSUMED_MARGINS,
    MEASURED_MARGINS,
    PROMPT_TOKENS,
    TOKENS_PER_WORD,
)
from backend.store.runs.runs import Run
from backend.store.schema.transitions import RESUMABLE
from workflows.messages.messages import OutlinePlanned
from workflows.messages.transcript import Transcript
from workflows.models.budget.prices import Price, Tokens
from workflows.text.words import count_words

# The verdict and the results that come after the last section: tokens read beside the text, tokens written.
_CLOSING = Tokens(1_000, 500)


@dataclass(frozen=True, slots=True)
class ResumeQuote:
    """An estimate. `sections_left` are indices; tokens and US dollars are approximate. Without a price there is no
    cost; without a plan only the spending so far is known."""

    run_id: str
    model: str
    resumable: bool
    planned: bool
    sections_left: list[int]
    words_left: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd_low: float | None
    cost_usd_high: float | None
    basis: Literal["measured", "assumed", "unknown"]
    spent_usd: float | None
    budget_usd: float | None


def make_resume_quote(run: Run, transcript: Transcript, price: Price | None) -> ResumeQuote:
    """The estimate; `price` is that of the run's model, None where it is unknown."""
    usage, plan = transcript.usage, transcript.outline
    finished = transcript.finished
    left = [section for section in plan.sections if section["index"] not in finished] if plan else []
    words_left = sum(section["target_words"] for section in left)
    expected, measured = _expect(transcript, plan, len(left), words_left) if plan else (None, False)
    low, high = MEASURED_MARGINS if measured else ASSUMED_MARGINS
    cost = price.cost(expected) if price is not None and expected is not None else None
    return ResumeQuote(
        run_id=run.id,
        model=run.model,
        resumable=run.status in RESUMABLE and (run.error is None or run.error.resumable),
        planned=plan is not None,
        sections_left=[section["index"] for section in left],
        words_left=words_left,
        input_tokens=expected.input if expected else None,
        output_tokens=expected.output if expected else None,
        cost_usd_low=None if cost is None else round(cost * low, 6),
        cost_usd_high=None if cost is None else round(cost * high, 6),
        basis=("measured" if measured else "assumed") if expected else "unknown",
        spent_usd=usage.cost_usd if usage else 0.0,
        budget_usd=run.options.budget_usd,
    )


def _expect(
    transcript: Transcript, plan: OutlinePlanned, sections_left: int, words_left: int
) -> tuple[Tokens, bool]:
    """The expected tokens of the rest, and whether that follows from the run itself."""
    finished = transcript.finished
    writing = [p for p in transcript.spent.values() if p.role == "writing" and p.section in finished]
    words = sum(count_words(transcript.text_of(index)) for index in finished)
    measured = bool(writing and words)
    if measured:
        tokens_per_word = sum(part.output_tokens for part in writing) / words
        prompt_tokens = sum(part.input_tokens for part in writing) / len(writing)
    else:
        tokens_per_word, prompt_tokens = TOKENS_PER_WORD, PROMPT_TOKENS
    read = sections_left * prompt_tokens + plan.target_words * TOKENS_PER_WORD + _CLOSING.input
    return Tokens(round(read), round(words_left * tokens_per_word) + _CLOSING.output), measured
