"""`storywire runs`: list, show, follow, export, resume and share runs, of this machine or of a service."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.table import Column

from backend.cli.failures import fail, quiet_settings
from backend.cli.runs.outcome import show_outcome
from backend.cli.runs.remote import attach_remote
from backend.cli.runs.run_sources import LocalRunSource, RemoteRunSource, RunSource, path_of
from backend.cli.runs.watching import (
    INTERRUPTED_STATUS,
    InterruptOption,
    Watching,
    current_key,
    leave,
    status_of,
    watch,
)
from backend.cli.service_client import JsonOption, KeyOption, RemoteError, Service, SourceOption
from backend.cli.terminal import print_json, say, show_table, write
from workflows.errors import StorywireError
from workflows.formats.notices import list_notices, notice_lines
from workflows.messages.messages import Message, RunCompleted, RunFailed

app = typer.Typer(help="What was written: here, or on a service.", no_args_is_help=True)

RunArgument = Annotated[str, typer.Argument(metavar="ID")]
_T = TypeVar("_T")


@app.command("list")
def list_runs(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    status: Annotated[
        str | None, typer.Option(help="running, waiting, completed, failed or cancelled.")
    ] = None,
    format: Annotated[str | None, typer.Option(help="Only this format, such as story.")] = None,
    server: SourceOption = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """The newest runs."""
    runs = _do(_source(server, key).page(limit, status, format))
    if as_json:
        print_json(runs)
        return
    if not runs:
        say("There are no such runs.", err=True)
        return
    show_table(
        (Column("ID", no_wrap=True), "Format", "Status", "Words", "Title"),
        (
            (run["run_id"], run["format"], run["status"], str(run["words"]), run["title"] or "")
            for run in runs
        ),
    )


@app.command()
def show(
    run_id: RunArgument, server: SourceOption = None, key: KeyOption = None, as_json: JsonOption = False
) -> None:
    """Print a run's text, complete or partial, below what a reader has to know of it."""
    run = _do(_source(server, key).run(run_id))
    if as_json:
        print_json(run)
        return
    metadata = (run["result"] or {}).get("metadata", {})
    notices = ["\n".join(notice_lines(notice)) for notice in list_notices(metadata)]
    write("\n\n".join([*notices, run["text"]]))
    show_outcome({**metadata, "notices": []})


@app.command()
def follow(
    run_id: RunArgument,
    server: SourceOption = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
    on_interrupt: InterruptOption = "detach",
) -> None:
    """Watch a run of a service from its beginning, from any machine; by default one of the service that runs here."""
    service = _service(server, key)
    watching = Watching(as_json, on_interrupt)
    _watch(attach_remote(service, run_id), service, run_id, watching)


@app.command()
def cancel(
    run_id: RunArgument, server: SourceOption = None, key: KeyOption = None, as_json: JsonOption = False
) -> None:
    """Stop a run of a service. Its text so far is kept."""
    found = _do(_service(server, key).call("POST", path_of(run_id, "/cancel")))
    _report(found, f"{run_id} is {found['status']}.", as_json=as_json)


@app.command()
def delete(
    run_id: RunArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    server: SourceOption = None,
    key: KeyOption = None,
) -> None:
    """Delete a run with its text."""
    if not yes:
        typer.confirm(f"Delete {run_id} for good?", abort=True, err=True)
    _do(_source(server, key).delete(run_id))


@app.command()
def export(
    run_id: RunArgument,
    name: Annotated[str, typer.Option("--as", help="md, txt, or what the format adds.")] = "md",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file; by default ID.SUFFIX, here.")
    ] = None,
    server: SourceOption = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a completed run into a file."""
    file = _do(_source(server, key).export(run_id, name))
    path = out or Path(f"{run_id}.{file.suffix}")
    try:
        path.write_bytes(file.content)
    except OSError as error:
        fail(f"{path} can't be written: {error.strerror}.", status=2)
    _report({"file": str(path), "warnings": file.warnings}, str(path), as_json=as_json)
    for line in file.warnings:
        say(line, err=True)


@app.command()
def quote(
    run_id: RunArgument, server: SourceOption = None, key: KeyOption = None, as_json: JsonOption = False
) -> None:
    """Print what is left of a run, and its estimated cost."""
    found = _do(_source(server, key).quote(run_id))
    _report(found, _quote_line(found), as_json=as_json)


@app.command()
def versions(
    run_id: RunArgument, server: SourceOption = None, key: KeyOption = None, as_json: JsonOption = False
) -> None:
    """The versions of a run's text, oldest first."""
    found = _do(_source(server, key).versions(run_id))
    if as_json:
        print_json(found)
        return
    show_table(
        ("No.", Column("ID", no_wrap=True), "What", "Status", "Words", "Wish"),
        (
            (
                str(one["number"]),
                one["run_id"],
                _what(one),
                one["status"],
                str(one["words"]),
                one["feedback"] or "",
            )
            for one in found
        ),
    )


@app.command()
def share(
    run_id: RunArgument,
    days: Annotated[int | None, typer.Option(min=1, max=3660, help="For how many days.")] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="End the link that there is.")] = False,
    server: SourceOption = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a link by which anybody can read a completed text on the service, instead of an older one."""
    service = _service(server, key)
    if revoke:
        _do(service.call("DELETE", path_of(run_id, "/share")))
        _report({"run_id": run_id, "shared": False}, "Nobody else can read it.", as_json=as_json)
        return
    query = "" if days is None else f"?days={days}"
    found = _do(service.call("POST", path_of(run_id, f"/share{query}")))
    _report({**found, "url": service.base + found["url"]}, service.base + found["url"], as_json=as_json)


@app.command()
def resume(
    run_id: RunArgument,
    budget: Annotated[
        float | None,
        typer.Option(min=0.000001, help="US dollars that it may cost, with what it cost so far."),
    ] = None,
    server: SourceOption = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
    on_interrupt: InterruptOption = "detach",
) -> None:
    """Resume a run that failed or was cancelled."""
    watching = Watching(as_json, on_interrupt)
    if server is None:
        from backend.cli.runs.local import resume_local

        _watch(resume_local(quiet_settings(), run_id, budget), None, run_id, watching)
    service = _service(server, key)
    body = {} if budget is None else {"budget_usd": budget}
    _do(service.call("POST", path_of(run_id, "/resume"), body))
    _watch(attach_remote(service, run_id), service, run_id, watching)


def _watch(
    messages: AsyncGenerator[Message], service: Service | None, run_id: str, watching: Watching
) -> NoReturn:
    """Shows the run to its end, and ends the command."""
    try:
        ending = asyncio.run(watch(messages, watching))
    except (StorywireError, RemoteError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail(leave(service, run_id, watching), status=INTERRUPTED_STATUS)
    # What is not over waits; its question may not have come yet.
    if service is None and not isinstance(ending, RunCompleted | RunFailed):
        _print_how_to_answer(run_id)
    raise typer.Exit(status_of(ending))


def _source(server: str | None, key: str | None) -> RunSource:
    return LocalRunSource(quiet_settings()) if server is None else RemoteRunSource(_service(server, key))


def _service(server: str | None, key: str | None) -> Service:
    """The service; without an address the one that runs on this machine by the settings."""
    if server is None:
        settings = quiet_settings()
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        server = f"http://{host}:{settings.port}"
    return Service(server, key or current_key())


def _do(work: Coroutine[Any, Any, _T]) -> _T:
    try:
        return asyncio.run(work)
    except (StorywireError, RemoteError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("Stopped.", status=INTERRUPTED_STATUS)


def _report(found: Any, line: str, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        write(line)


def _what(version: dict[str, Any]) -> str:
    if version["number"] == 1:
        return "first"
    return "whole text" if version["section"] is None else f"section {version['section'] + 1}"


def _quote_line(found: dict[str, Any]) -> str:
    if not found["planned"]:
        return f"Nothing is planned yet, so nobody can say what it will cost. Model: {found['model']}"
    cost = "at a price that isn't known"
    low, high = found["cost_usd_low"], found["cost_usd_high"]
    if low is not None and high is not None:
        cost = f"for about ${low:.4f} to ${high:.4f} ({found['basis']})"
    left = f"{len(found['sections_left'])} sections, about {found['words_left']} words"
    return f"{left}, {cost}, by {found['model']}"


def _print_how_to_answer(run_id: str) -> None:
    say(
        "The run waits for a person to look over its plan. Start the service (storywire serve) and answer on its page, "
        f"or send the plan as you want it to POST /api/v1/runs/{run_id}/input.",
        err=True,
    )
