"""`storywire generate`: a run in the terminal, in this process or on a service."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
import yaml

from backend.cli.failures import fail, recording_model, settings_or_fail
from backend.cli.remote import RUNS, RemoteError, follow_remote
from backend.cli.screen import RunScreen
from backend.cli.terminal import say
from workflows.errors import InvalidInput, StorywireError
from workflows.formats.notices import list_dangers
from workflows.messages.messages import Message, RunCompleted, RunFailed

if TYPE_CHECKING:
    from backend.cli.local import RunStarter


@dataclass(frozen=True, slots=True)
class RecordTo:
    """Execution in this process, with the run's model calls recorded in a cassette."""

    cassette: Path


Server = str | RecordTo | None
"""Where a run executes: on the service with this address, or here."""

UNSAFE_STATUS = 3
"""How a command ends whose text is complete and not safe as it is: a script that goes on with it should stop."""

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
) -> None:
    """Write in any format, from a file that holds its input."""
    options = {"model": model, "parallel": parallel, "budget_usd": budget, "cache": cache}
    write({"format": format, "input": _read(path), "options": options}, server)


def _read(path: Path) -> dict[str, Any]:
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        fail(f"{path} can't be read: {error}", status=2)
    if not isinstance(given, dict):
        fail(f"{path}: the format's input is expected, fields with their values", status=2)
    return {str(name): value for name, value in given.items()}


def write(
    body: dict[str, Any], server: Server, path: str = RUNS, start: "RunStarter | None" = None
) -> NoReturn:
    """Writes a text on the screen, and ends the command: 0 when it is complete, 3 when it isn't safe as it is.

    `body` goes to the service's `path`. Without a server it is started here, by `start` if it isn't a run like
    any other.
    """
    try:
        status = asyncio.run(_show(_follow(body, server, path, start)))
    except InvalidInput as error:
        fail(
            "\n".join(f"{item.field.removeprefix('input.')}: {item.message}" for item in error.errors),
            status=2,
        )
    except (StorywireError, RemoteError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("Stopped.", status=130)
    raise typer.Exit(status)


async def _show(messages: AsyncGenerator[Message]) -> int:
    """0 when the text is complete, 3 when it is complete and carries a warning, 1 otherwise."""
    ending: Message | None = None
    with RunScreen() as screen:
        async with aclosing(messages) as stream:
            async for message in stream:
                screen.show(message)
                ending = message
    if isinstance(ending, RunFailed) and ending.resumable:
        _offer_ways_out(ending)
    if not isinstance(ending, RunCompleted):
        return 1
    return UNSAFE_STATUS if list_dangers(ending.metadata) else 0


def _follow(
    body: dict[str, Any], server: Server, path: str, start: "RunStarter | None"
) -> AsyncGenerator[Message]:
    if isinstance(server, str) and server:
        return follow_remote(server, body, path)
    overrides: dict[str, object] = {"resume_on_start": False}
    model = body["options"].get("model")
    if model is not None and model.startswith("replay:"):
        # A user of the command line may open any file; a run's option may not, since it may come from anybody.
        overrides["model"] = recording_model(model)
        body = {**body, "options": {**body["options"], "model": None}}
    settings = settings_or_fail(**overrides)
    # The graphs take seconds to import, and every other command does without them.
    from backend.cli.local import follow_local, start_run

    return follow_local(
        settings, body, start or start_run, server.cassette if isinstance(server, RecordTo) else None
    )


def _offer_ways_out(ending: RunFailed) -> None:
    words = ending.partial.words
    say(
        f"The text above ({words} words) is kept. Go on with it: storywire runs resume ID; "
        "take it as it is: storywire runs show ID (storywire runs list tells the ID); or start afresh.",
        err=True,
    )
