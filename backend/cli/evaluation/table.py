"""An evaluation as a table: a row a format."""

from collections.abc import Sequence
from statistics import mean

from backend.cli.evaluation.judging import RUBRIC
from backend.cli.evaluation.tasks import Outcome, Results


def columns_of(results: Results) -> list[str]:
    """The headings of the columns."""
    scores = [name.capitalize() for name in RUBRIC] if results.judge is not None else []
    measured = ["Words", "Off length", "Repeated", "Seconds", "Cost", "Per 1,000 words"]
    against = [f"Against {results.other}"] if results.other is not None else []
    return ["Format", "Texts", *scores, *measured, *against]


def rows_of(results: Results) -> list[list[str]]:
    """Averages by format: the judge's scores if there is a judge, what is measured, what all cost, and how often it was
    the better one."""
    formats = dict.fromkeys(outcome.format for outcome in results.outcomes)
    return [
        [
            format,
            *_cells([outcome for outcome in results.outcomes if outcome.format == format], results),
        ]
        for format in formats
    ]


def _cells(outcomes: Sequence[Outcome], results: Results) -> list[str]:
    written = [outcome for outcome in outcomes if outcome.failure is None]
    cells = [f"{len(written)} of {len(outcomes)}"]
    for name in RUBRIC if results.judge is not None else ():
        scores = [outcome.scores[name] for outcome in written if name in outcome.scores]
        cells.append(f"{mean(scores):.1f}" if scores else "–")
    cells += _measured(written) if written else ["–"] * 6
    if results.other is not None:
        found = [one.against for one in written]
        counts = f"{found.count('better')} better, {found.count('worse')} worse, {found.count('equal')} equal"
        cells.append(f"{counts}{_other_cost(written)}")
    return cells


def _measured(written: Sequence[Outcome]) -> list[str]:
    words, costs = sum(one.words for one in written), [one.cost_usd for one in written]
    cost = None if None in costs else sum(each or 0.0 for each in costs)
    return [
        f"{words / len(written):,.0f}",
        f"{mean(abs(one.length_off) for one in written):.0%}",
        f"{mean(one.repetition for one in written):.1%}",
        f"{mean(one.seconds for one in written):.1f}",
        "?" if cost is None else f"${cost:.4f}",
        "?" if cost is None or not words else f"${cost / words * 1000:.4f}",
    ]


def _other_cost(written: Sequence[Outcome]) -> str:
    """What the other model's texts cost; `?` where a price isn't known, nothing where none was written."""
    costs = [one.other_cost_usd for one in written if one.other_words is not None]
    if not costs:
        return ""
    return ", ?" if None in costs else f", ${sum(cost or 0.0 for cost in costs):.4f}"
