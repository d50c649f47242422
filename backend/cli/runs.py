"""`storywire runs`: what was written here, to look at, take, or go on with."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column

from backend.cli.failures import fail, settings_or_fail
from backend.cli.screen import RunScreen
from backend.cli.terminal import say, show_table, write
from backend.logs import configure_logs
from backend.settings import Settings
from workflows.errors import StorywireError
from workflows.messages.messages import RunCompleted, RunFailed

app = typer.Typer(help="What was written here.", no_args_is_help=True)


@app.command("list")
def list_runs(limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20) -> None:
    """The newest runs."""
    asyncio.run(_list(_quiet(), limit))


@app.command()
def show(run_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Print a run's text, whole or as far as it came."""
    try:
        write(asyncio.run(_text(_quiet(), run_id)))
    except StorywireError as error:
        fail(error.message)


@app.command()
def export(
    run_id: Annotated[str, typer.Argument(metavar="ID")],
    name: Annotated[str, typer.Option("--as", help="md, txt, or what the format adds.")] = "md",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file; by default ID.SUFFIX, here.")
    ] = None,
) -> None:
    """Write a completed run into a file."""
    try:
        suffix, content = asyncio.run(_export(_quiet(), run_id, name))
    except StorywireError as error:
        fail(error.message)
    path = out or Path(f"{run_id}.{suffix}")
    path.write_bytes(content)
    write(str(path))


@app.command()
def quote(run_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Tell what is left of a run, and about what it will cost."""
    try:
        write(asyncio.run(_quote(_quiet(), run_id)))
    except StorywireError as error:
        fail(error.message)


@app.command()
def resume(
    run_id: Annotated[str, typer.Argument(metavar="ID")],
    budget: Annotated[
        float | None,
        typer.Option(min=0.000001, help="US dollars that it may cost, with what it cost so far."),
    ] = None,
) -> None:
    """Go on with a run that failed or was stopped."""
    try:
        completed = asyncio.run(_resume(_quiet(), run_id, budget))
    except StorywireError as error:
        fail(error.message)
    except KeyboardInterrupt:
        fail("Stopped.", status=130)
    raise typer.Exit(0 if completed else 1)


def _quiet() -> Settings:
    settings = settings_or_fail(resume_on_start=False).model_copy(update={"log_level": "error"})
    configure_logs(settings)
    return settings


# What executes runs takes seconds to import: each command does it when it is sure to need it.


async def _list(settings: Settings, limit: int) -> None:
    from backend.cli.local import OWNER
    from backend.resources import open_resources

    async with open_resources(settings) as resources:
        runs = await resources.queries.page(OWNER, limit=limit)
    show_table(
        (Column("ID", no_wrap=True), "Format", "Status", "Words", "Title"),
        ((run.id, run.format, run.status, str(run.words), run.title or "") for run in runs),
    )


async def _text(settings: Settings, run_id: str) -> str:
    from backend.cli.local import OWNER
    from backend.resources import open_resources

    async with open_resources(settings) as resources:
        run = await resources.queries.find(OWNER, run_id)
        return (await resources.queries.transcript(run)).text


async def _export(settings: Settings, run_id: str, name: str) -> tuple[str, bytes]:
    from backend.cli.local import OWNER
    from backend.resources import open_resources
    from backend.runs.admission.validation import format_of
    from backend.runs.results.exports import find_exporter, finished

    async with open_resources(settings) as resources:
        run = await resources.queries.find(OWNER, run_id)
        format = format_of(resources.formats, run)
        exporter = find_exporter(format, name)
        return exporter.suffix, exporter.render(finished(format, run))


async def _quote(settings: Settings, run_id: str) -> str:
    from backend.cli.local import OWNER
    from backend.resources import open_resources

    async with open_resources(settings) as resources:
        quote = await resources.queries.quote(OWNER, run_id)
    if not quote.planned:
        return f"Nothing is planned yet, so nobody can say what it will cost. Model: {quote.model}"
    cost = "at a price that isn't known"
    if quote.cost_usd_low is not None and quote.cost_usd_high is not None:
        cost = f"for about ${quote.cost_usd_low:.4f} to ${quote.cost_usd_high:.4f} ({quote.basis})"
    left = f"{len(quote.sections_left)} sections, about {quote.words_left} words"
    return f"{left}, {cost}, by {quote.model}"


async def _resume(settings: Settings, run_id: str, budget: float | None) -> bool:
    from backend.cli.local import resume_local

    ending = None
    with RunScreen() as screen:
        async with aclosing(resume_local(settings, run_id, budget)) as messages:
            async for message in messages:
                screen.show(message)
                ending = message
    if not isinstance(
        ending, RunCompleted | RunFailed
    ):  # what is not over waits; its question may not have come yet
        _tell_how_to_answer(run_id)
    return isinstance(ending, RunCompleted)


def _tell_how_to_answer(run_id: str) -> None:
    say(
        "The run waits for a person to look over its plan. Start the service (storywire serve) and answer on its page, "
        f"or send the plan as you want it to POST /api/v1/runs/{run_id}/input.",
        err=True,
    )
