"""`storywire generate`: a run in the terminal, in this process or on a service."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
import yaml

from backend.cli.failures import fail, recording_model, settings_or_fail
from backend.cli.runs.remote import follow_remote
from backend.cli.runs.watching import (
    InterruptOption,
    WatchedRun,
    Watching,
    current_key,
    status_of,
    wait_for_end,
    watch,
)
from backend.cli.service_client import RUNS, JsonOption, Service
from backend.cli.terminal import say
from workflows.messages.messages import Message, RunFailed

if TYPE_CHECKING:
    from backend.cli.runs.local import RunStarter


@dataclass(frozen=True, slots=True)
class RecordTo:
    """Execution in this process, with the run's model calls recorded in a cassette."""

    cassette: Path


RunTarget = str | RecordTo | None
"""Where a run executes: on the service with this address, or here."""

_DEFAULT = Watching()

ServerOption = Annotated[
    str | None, typer.Option(help="A service's address; without one the run executes here.")
]
ModelOption = Annotated[str | None, typer.Option(help="provider:model")]
ParallelOption = Annotated[int, typer.Option(help="Sections that are written at once.")]
BudgetOption = Annotated[float | None, typer.Option(help="US dollars that it may cost.")]
CacheOption = Annotated[
    str | None, typer.Option(help="use (an earlier result of the same request), refresh or off.")
]


def make_app() -> typer.Typer:
    """The command group, with the command for any format; extensions add theirs."""
    app = typer.Typer(help="Write something and watch it being written.", no_args_is_help=True)
    app.callback()(generate)
    app.command("file")(from_file)
    return app


def generate() -> None:
    """Write something and watch it being written."""


def from_file(
    format: Annotated[str, typer.Argument(help="The format's name, such as creator_script.")],
    path: Annotated[Path, typer.Argument(help="Its input, a JSON or YAML file.")],
    model: ModelOption = None,
    parallel: ParallelOption = 1,
    budget: BudgetOption = None,
    cache: CacheOption = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
    on_interrupt: InterruptOption = "detach",
) -> None:
    """Write in any format, from a file that holds its input."""
    options = {"model": model, "parallel": parallel, "budget_usd": budget, "cache": cache}
    body = {"format": format, "input": _read(path), "options": options}
    write(body, server, watching=Watching(as_json, on_interrupt))


def _read(path: Path) -> dict[str, Any]:
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        fail(f"{path} can't be read: {error}", status=2)
    if not isinstance(given, dict):
        fail(f"{path}: the format's input is expected, fields with their values", status=2)
    return {str(name): value for name, value in given.items()}


def write(
    body: dict[str, Any],
    server: RunTarget,
    path: str = RUNS,
    start: "RunStarter | None" = None,
    watching: Watching = _DEFAULT,
) -> NoReturn:
    """Writes a text on the screen, and ends the command: 0 when it is complete, 3 when it isn't safe as it is.

    `body` goes to the service's `path`. Without a server it is started here, by `start` if it isn't a run like
    any other.
    """
    run = WatchedRun(Service(server, current_key()) if isinstance(server, str) and server else None)
    ending = wait_for_end(watch(_follow(body, server, path, start, run), watching), run, watching)
    if isinstance(ending, RunFailed) and ending.resumable:
        _offer_ways_out(ending, run)
    raise typer.Exit(status_of(ending))


def _follow(
    body: dict[str, Any], server: RunTarget, path: str, start: "RunStarter | None", run: WatchedRun
) -> AsyncGenerator[Message]:
    if run.service is not None:
        return follow_remote(run.service, body, path, note=run.note)
    overrides: dict[str, object] = {"resume_on_start": False}
    model = body["options"].get("model")
    if model is not None and model.startswith("replay:"):
        # A user of the command line may open any file; a run's option may not, since it may come from anybody.
        overrides["model"] = recording_model(model)
        body = {**body, "options": {**body["options"], "model": None}}
    settings = settings_or_fail(**overrides)
    # The graphs take seconds to import, and every other command does without them.
    from backend.cli.runs.local import follow_local, start_run

    async def begin(*given: Any) -> Any:
        started = await (start or start_run)(*given)
        run.note(started.id)
        return started

    return follow_local(settings, body, begin, server.cassette if isinstance(server, RecordTo) else None)


def _offer_ways_out(ending: RunFailed, run: WatchedRun) -> None:
    there = "" if run.service is None else f" --server {run.service.base}"
    resume, show = f"storywire runs resume {run.id}{there}", f"storywire runs show {run.id}{there}"
    say(
        f"The text above ({ending.partial.words} words) is kept. Go on with it: {resume}; "
        f"take it as it is: {show}; or start afresh.",
        err=True,
    )
