"""A run watched on a terminal or by a script, and what Ctrl-C means for one on a service."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated, Any, Literal, Self

import click
import typer

from backend.cli.failures import fail
from backend.cli.runs.screen import RunScreen
from backend.cli.service_client import RUNS, RemoteError, Service
from backend.cli.terminal import print_json
from workflows.errors import InvalidInput, StorywireError
from workflows.formats.notices import list_dangers
from workflows.messages.messages import Message, RunCompleted

OnInterrupt = Literal["detach", "cancel"]
InterruptOption = Annotated[
    OnInterrupt,
    typer.Option(
        "--on-interrupt",
        help="What Ctrl-C does to a run on a service: detach (it goes on) or cancel. One here is cancelled.",
    ),
]

UNSAFE_STATUS = 3
"""How a command ends whose text is complete and not safe as it is: a script that goes on with it should stop."""
INTERRUPTED_STATUS = 130


@dataclass(frozen=True, slots=True)
class Watching:
    """Options of watching a run: as JSON or for people; the effect of an interrupt on one of a service."""

    as_json: bool = False
    on_interrupt: OnInterrupt = "detach"


@dataclass(slots=True)
class WatchedRun:
    """A run that a command starts: the service that it is on, None for this machine, and its id there."""

    service: Service | None
    id: str = ""

    def note(self, id: str) -> None:
        """Keeps the id when it is known."""
        self.id = id


class JsonScreen:
    """Output of a run's messages for scripts: one JSON object a line, `{"type", "data"}`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to be taken away."""

    def show(self, message: Message) -> None:
        """Prints a message."""
        print_json({"type": message.type, "data": message.model_dump(mode="json", exclude_none=True)})


async def watch(
    messages: AsyncGenerator[Message], watching: Watching, also: Callable[[Message], None] | None = None
) -> Message | None:
    """Shows the messages, and gives each to `also`; returns the last one."""
    ending: Message | None = None
    with JsonScreen() if watching.as_json else RunScreen() as screen:
        async with aclosing(messages) as stream:
            async for message in stream:
                screen.show(message)
                if also is not None:
                    also(message)
                ending = message
    return ending


def status_of(ending: Message | None) -> int:
    """Exit status: 0 when the text is complete, 3 when it is complete and not safe as it is, 1 otherwise."""
    if not isinstance(ending, RunCompleted):
        return 1
    return UNSAFE_STATUS if list_dangers(ending.metadata) else 0


def wait_for_end(
    work: Coroutine[Any, Any, Message | None], run: WatchedRun, watching: Watching, *, advice: str = ""
) -> Message | None:
    """The last message, which `work` returns. What breaks it ends the command, with a sentence; an interrupt's has
    `advice` behind it."""
    try:
        return asyncio.run(work)
    except InvalidInput as error:
        lines = (f"{item.field.removeprefix('input.')}: {item.message}" for item in error.errors)
        fail("\n".join(lines) or error.message, status=2)
    except (StorywireError, RemoteError, OSError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail(leave(run.service, run.id, watching) + advice, status=INTERRUPTED_STATUS)


def leave(service: Service | None, run_id: str, watching: Watching) -> str:
    """What becomes of a run after Ctrl-C, as a sentence; it is cancelled where that is wanted."""
    if not run_id:
        return "Stopped."
    if service is None:
        return f"Stopped. The text so far is kept. Go on with it: storywire runs resume {run_id}"
    if watching.on_interrupt == "detach":
        return f"Detached: the run goes on. Follow it: storywire runs follow {run_id} --server {service.base}"
    try:
        asyncio.run(service.call("POST", f"{RUNS}/{run_id}/cancel"))
    except RemoteError as error:
        return f"The run could not be cancelled: {error}"
    return f"Cancelled. The text so far is kept: storywire runs show {run_id} --server {service.base}"


def current_key() -> str | None:
    """The key that `storywire --key` or the environment gave."""
    context = click.get_current_context(silent=True)
    found = context.find_root().obj if context is not None else None
    return found if isinstance(found, str) else None
