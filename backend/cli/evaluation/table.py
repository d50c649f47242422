"""An evaluation as a table: a row a format."""

from collections.abc import Sequence
from statistics import mean

from backend.cli.evaluation.judging import RUBRIC
from backend.cli.evaluation.tasks import Outcome, Results


def columns_of(results: Results) -> list[str]:
    """The headings of the columns."""
    headings = ["Format", "Texts", *(name.capitalize() for name in RUBRIC), "Off length", "Repeated", "Cost"]
    return headings if results.other is None else [*headings, f"Against {results.other}"]


def rows_of(results: Results) -> list[list[str]]:
    """Averages by format: the judge's scores, what is measured, the cost, and how often it was the better one."""
    formats = dict.fromkeys(outcome.format for outcome in results.outcomes)
    return [
        [
            format,
            *_cells(
                [outcome for outcome in results.outcomes if outcome.format == format],
                compares=results.other is not None,
            ),
        ]
        for format in formats
    ]


def _cells(outcomes: Sequence[Outcome], *, compares: bool) -> list[str]:
    written = [outcome for outcome in outcomes if outcome.failure is None]
    cells = [f"{len(written)} of {len(outcomes)}"]
    for name in RUBRIC:
        scores = [outcome.scores[name] for outcome in written if name in outcome.scores]
        cells.append(f"{mean(scores):.1f}" if scores else "–")
    cells.append(f"{mean(abs(one.length_off) for one in written):.0%}" if written else "–")
    cells.append(f"{mean(one.repetition for one in written):.1%}" if written else "–")
    costs = [one.cost_usd for one in written]
    cells.append("?" if None in costs or not costs else f"${sum(cost or 0.0 for cost in costs):.4f}")
    if compares:
        found = [one.against for one in written]
        counts = f"{found.count('better')} better, {found.count('worse')} worse, {found.count('equal')} equal"
        cells.append(f"{counts}{_other_cost(written)}")
    return cells


def _other_cost(written: Sequence[Outcome]) -> str:
    """What the other model's texts cost; `?` where a price isn't known, nothing where none was written."""
    costs = [one.other_cost_usd for one in written if one.other_words is not None]
    if not costs:
        return ""
    return ", ?" if None in costs else f", ${sum(cost or 0.0 for cost in costs):.4f}"
