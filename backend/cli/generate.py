"""`storywire generate`: a run in the terminal, in this process or on a service."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, NoReturn
from urllib.parse import quote

import typer
import yaml

from backend.cli.children import split_list
from backend.cli.failures import fail, recording_model, settings_or_fail
from backend.cli.remote import RemoteError, follow_remote
from backend.cli.screen import Screen
from workflows.errors import InvalidInput, StorywireError
from workflows.messages.messages import Message, RunCompleted, RunFailed

RECORD_TO: ContextVar[Path | None] = ContextVar("record_to", default=None)
"""Where `storywire record` wants the run's model calls."""

app = typer.Typer(help="Write something and watch it being written.", no_args_is_help=True)

Server = Annotated[str | None, typer.Option(help="A service's address; without one the run executes here.")]
ModelOption = Annotated[str | None, typer.Option(help="provider:model")]
Parallel = Annotated[int, typer.Option(help="Sections that are written at once.")]
Budget = Annotated[float | None, typer.Option(help="US dollars that it may cost.")]
Cache = Annotated[
    str | None, typer.Option(help="use (an earlier result of the same request), refresh or off.")
]


@app.callback()
def generate() -> None:
    """Write something and watch it being written."""


@app.command()
def story(
    theme: Annotated[str | None, typer.Option(help="What the story is about.")] = None,
    age: Annotated[int, typer.Option(help="The reader's age, 3 to 14.")] = 7,
    name: Annotated[str, typer.Option(help="The reader's first name.")] = "Alex",
    interests: Annotated[str, typer.Option(help="What the reader likes, comma separated.")] = "",
    level: Annotated[str, typer.Option(help="beginner, intermediate or advanced")] = "intermediate",
    language: Annotated[str, typer.Option(help="en or he")] = "en",
    chapter: Annotated[int, typer.Option(help="Chapter number.")] = 1,
    title: Annotated[str | None, typer.Option(help="The chapter's title, if settled.")] = None,
    wish: Annotated[str | None, typer.Option(help="What should happen.")] = None,
    child: Annotated[str | None, typer.Option(help="A stored child who reads (storywire children).")] = None,
    session: Annotated[
        str | None, typer.Option(help="A story to go on with, by --choice or --wish (storywire sessions).")
    ] = None,
    choice: Annotated[int | None, typer.Option(min=1, help="Which of the last chapter's choices.")] = None,
    model: ModelOption = None,
    parallel: Parallel = 1,
    budget: Budget = None,
    cache: Cache = None,
    server: Server = None,
) -> None:
    """Write a chapter of a child's story. The story goes to standard output, all else to standard error."""
    options = {"model": model, "parallel": parallel, "budget_usd": budget, "cache": cache}
    if session is not None:
        if theme is not None or child is not None:
            fail("A story knows its theme and its reader: give --session without --theme and --child.", 2)
        index = None if choice is None else choice - 1
        body = {"choice_index": index, "custom_user_input": wish, "options": options}
        _run(_write(body, server, session))
    if theme is None or choice is not None:
        fail("Give --theme; or --session with --choice or --wish, to go on with a story.", 2)
    reader = {
        "name": name,
        "age": age,
        "reading_level": level,
        "language": language,
        "interests": split_list(interests),
    }
    given = {
        "theme": theme,
        **({"reader": reader} if child is None else {"child_id": child}),
        "chapter_number": chapter,
        "title": title,
        "custom_user_input": wish,
    }
    _run(_write({"format": "story", "input": given, "options": options}, server))


@app.command("file")
def from_file(
    format: Annotated[str, typer.Argument(help="The format's name, such as creator_script.")],
    path: Annotated[Path, typer.Argument(help="Its input, a JSON or YAML file.")],
    model: ModelOption = None,
    parallel: Parallel = 1,
    budget: Budget = None,
    cache: Cache = None,
    server: Server = None,
) -> None:
    """Write in any format, from a file that holds its input."""
    options = {"model": model, "parallel": parallel, "budget_usd": budget, "cache": cache}
    _run(_write({"format": format, "input": _read(path), "options": options}, server))


def _read(path: Path) -> dict[str, Any]:
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        fail(f"{path} can't be read: {error}", status=2)
    if not isinstance(given, dict):
        fail(f"{path}: the format's input is expected, fields with their values", status=2)
    return {str(name): value for name, value in given.items()}


def _run(work: Coroutine[Any, Any, int]) -> NoReturn:
    try:
        status = asyncio.run(work)
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


async def _write(body: dict[str, Any], server: str | None, session: str | None = None) -> int:
    """0 when the text is complete, 1 otherwise."""
    messages = _follow_there(server, body, session) if server else _follow_here(body, session)
    ending: Message | None = None
    with Screen() as screen:
        async with aclosing(messages) as stream:
            async for message in stream:
                screen.show(message)
                ending = message
    if isinstance(ending, RunFailed) and ending.resumable:
        _offer_ways_out(ending)
    return 0 if isinstance(ending, RunCompleted) else 1


def _follow_there(server: str, body: dict[str, Any], session: str | None) -> AsyncGenerator[Message]:
    if session is None:
        return follow_remote(server, body)
    return follow_remote(server, body, f"/api/v1/stories/sessions/{quote(session, safe='')}/choices")


def _follow_here(body: dict[str, Any], session: str | None) -> AsyncGenerator[Message]:
    overrides: dict[str, object] = {"resume_on_start": False}
    model = body["options"].get("model")
    if model is not None and model.startswith("replay:"):
        # Who types a command may open any file; a run's option may not, for it may come from anybody.
        overrides["model"] = recording_model(model)
        body = {**body, "options": {**body["options"], "model": None}}
    settings = settings_or_fail(**overrides)
    # The graphs take seconds to import, and every other command does without them.
    from backend.cli.local import follow_local

    return follow_local(settings, body, session, RECORD_TO.get())


def _offer_ways_out(ending: RunFailed) -> None:
    words = ending.partial.words
    typer.echo(
        f"The text above ({words} words) is kept. Go on with it: storywire runs resume ID; "
        "take it as it is: storywire runs show ID (storywire runs list tells the ID); or start afresh.",
        err=True,
    )
