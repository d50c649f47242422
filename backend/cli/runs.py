"""`storywire runs`: list, show, export and resume the local runs."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column

from backend.cli.failures import fail, quiet_settings
from backend.cli.generate import UNSAFE_STATUS
from backend.cli.screen import RunScreen
from backend.cli.terminal import say, show_table, write
from backend.settings import Settings
from workflows.errors import StorywireError
from workflows.formats.notices import list_dangers, list_notices, notice_lines
from workflows.messages.messages import RunCompleted, RunFailed

app = typer.Typer(help="What was written here.", no_args_is_help=True)


@app.command("list")
def list_runs(limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20) -> None:
    """The newest runs."""
    asyncio.run(_list(quiet_settings(), limit))


@app.command()
def show(run_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Print a run's text, complete or partial."""
    try:
        write(asyncio.run(_text(quiet_settings(), run_id)))
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
        suffix, content, warnings = asyncio.run(_export(quiet_settings(), run_id, name))
    except StorywireError as error:
        fail(error.message)
    path = out or Path(f"{run_id}.{suffix}")
    path.write_bytes(content)
    write(str(path))
    for line in warnings:
        say(line, err=True)


@app.command()
def quote(run_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Print what is left of a run, and its estimated cost."""
    try:
        write(asyncio.run(_quote(quiet_settings(), run_id)))
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
    """Resume a run that failed or was cancelled."""
    try:
        status = asyncio.run(_resume(quiet_settings(), run_id, budget))
    except StorywireError as error:
        fail(error.message)
    except KeyboardInterrupt:
        fail("Stopped.", status=130)
    raise typer.Exit(status)


# The modules that execute runs take seconds to import: each command does so once it needs them.


async def _list(settings: Settings, limit: int) -> None:
    from backend.resources import open_resources
    from backend.store.owner import LOCAL

    async with open_resources(settings) as resources:
        runs = await resources.queries.page(LOCAL, limit=limit)
    show_table(
        (Column("ID", no_wrap=True), "Format", "Status", "Words", "Title"),
        ((run.id, run.format, run.status, str(run.words), run.title or "") for run in runs),
    )


async def _text(settings: Settings, run_id: str) -> str:
    from backend.resources import open_resources
    from backend.store.owner import LOCAL

    async with open_resources(settings) as resources:
        run = await resources.queries.find(LOCAL, run_id)
        text = (await resources.queries.transcript(run)).text
    metadata = run.result.metadata if run.result is not None else {}
    notices = ["\n".join(notice_lines(notice)) for notice in list_notices(metadata)]
    return "\n\n".join([*notices, text])


async def _export(settings: Settings, run_id: str, name: str) -> tuple[str, bytes, list[str]]:
    from backend.resources import open_resources
    from backend.runs.admission.validation import format_of
    from backend.runs.results.exports import find_exporter, finished
    from backend.store.owner import LOCAL

    async with open_resources(settings) as resources:
        run = await resources.queries.find(LOCAL, run_id)
        format = format_of(resources.formats, run)
        exporter = find_exporter(format, name)
        whole = finished(format, run)
        return exporter.suffix, exporter.render(whole), whole.danger_lines


async def _quote(settings: Settings, run_id: str) -> str:
    from backend.resources import open_resources
    from backend.store.owner import LOCAL

    async with open_resources(settings) as resources:
        quote = await resources.queries.quote(LOCAL, run_id)
    if not quote.planned:
        return f"Nothing is planned yet, so nobody can say what it will cost. Model: {quote.model}"
    cost = "at a price that isn't known"
    if quote.cost_usd_low is not None and quote.cost_usd_high is not None:
        cost = f"for about ${quote.cost_usd_low:.4f} to ${quote.cost_usd_high:.4f} ({quote.basis})"
    left = f"{len(quote.sections_left)} sections, about {quote.words_left} words"
    return f"{left}, {cost}, by {quote.model}"


async def _resume(settings: Settings, run_id: str, budget: float | None) -> int:
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
        _print_how_to_answer(run_id)
    if not isinstance(ending, RunCompleted):
        return 1
    return UNSAFE_STATUS if list_dangers(ending.metadata) else 0


def _print_how_to_answer(run_id: str) -> None:
    say(
        "The run waits for a person to look over its plan. Start the service (storywire serve) and answer on its page, "
        f"or send the plan as you want it to POST /api/v1/runs/{run_id}/input.",
        err=True,
    )
