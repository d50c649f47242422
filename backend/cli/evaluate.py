"""`storywire evaluate`: which model for this job, and is a changed prompt a better one?"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from backend.cli.failures import fail, recording_model, settings_or_fail
from backend.cli.service_client import JsonOption
from backend.cli.terminal import print_json, say, show_table
from workflows.errors import StorywireError

if TYPE_CHECKING:
    from backend.cli.evaluation.tasks import Results


def evaluate(
    model: Annotated[str, typer.Option(help="Who writes, as provider:model.")],
    judge: Annotated[
        str | None, typer.Option(help="Who judges, as provider:model; nobody when left out.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Another model, or the folder of an earlier evaluation.")
    ] = None,
    n: Annotated[int, typer.Option(min=1, max=50, help="Texts of each format.")] = 1,
    format: Annotated[
        list[str] | None, typer.Option(help="Only this format; may be given again. All by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for texts and scores.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a fixed set of tasks with a model, have them judged blind, and compare."""
    if model.startswith("replay:"):
        model = recording_model(model)
    settings = settings_or_fail(resume_on_start=False, model=model)
    folder = out or Path(f"evaluation-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    from backend.cli.evaluation.evaluation import evaluate_now  # the graphs take seconds to import
    from backend.cli.evaluation.table import columns_of, rows_of

    try:
        results = evaluate_now(settings, folder, model, judge, against, format or [], n)
    except StorywireError as error:
        fail(error.message)
    except KeyboardInterrupt:
        fail(f"Stopped. What there is: {folder}", status=130)
    if as_json:
        rows = [dict(zip(columns_of(results), row, strict=True)) for row in rows_of(results)]
        failed = {each.key: each.failure for each in results.outcomes if each.failure is not None}
        other = {each.key: each.other_failure for each in results.outcomes if each.other_failure is not None}
        problems = {"not_written": failed, **({"other_not_written": other} if other else {})}
        print_json({"folder": str(folder), "model": results.model, "rows": rows, **problems})
        _end(results)
    say(f"{results.model}, judged by {results.judge or 'nobody'}")
    show_table(columns_of(results), rows_of(results))
    for outcome in results.outcomes:
        if outcome.failure is not None:
            say(f"{outcome.key} was not written: {outcome.failure}")
        if outcome.other_failure is not None:
            say(f"{outcome.key} was not written by {results.other}: {outcome.other_failure}")
        if outcome.not_judged is not None:
            say(f"{outcome.key} was not judged: {outcome.not_judged}")
    cost = results.judge_cost_usd
    if results.judge is not None:
        say(f"Judging cost {'an unknown price' if cost is None else f'${cost:.4f}'}.")
    say(f"Texts and scores: {folder}")
    _end(results)


def _end(results: "Results") -> NoReturn:
    """Ends the command: 1 where a text wasn't written, by whichever model."""
    failed = any((outcome.failure or outcome.other_failure) is not None for outcome in results.outcomes)
    raise typer.Exit(1 if failed else 0)
