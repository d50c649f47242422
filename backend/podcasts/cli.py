"""`storywire generate podcast`: an episode in the terminal, and as files in a folder that it can resume from."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli.failures import fail, settings_or_fail
from backend.cli.folder import OutFolder
from backend.cli.remote import RemoteError, follow_remote
from backend.cli.screen import RunScreen
from backend.cli.terminal import say
from workflows.errors import InvalidInput, StorywireError
from workflows.messages.messages import Message, RunCompleted


def podcast(
    topic: Annotated[str, typer.Option(help="The topic's id: its file is ID.yaml.")],
    topics: Annotated[Path, typer.Option(help="The folder of topic files.")] = Path("topics"),
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the text as it grows. Given again, the episode goes on from there."),
    ] = None,
    words: Annotated[int | None, typer.Option(help="Words of the whole episode, 2,000 to 30,000.")] = None,
    tone: Annotated[str | None, typer.Option(help="How the hosts talk.")] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="A host as 'Name: bio'; twice for two hosts.")
    ] = None,
    reference: Annotated[Path | None, typer.Option(help="A text file to work from.")] = None,
    search: Annotated[bool, typer.Option(help="Look the topic up where the model can search.")] = True,
    pieces: Annotated[bool, typer.Option(help="Make the short forms.")] = True,
    model: Annotated[str | None, typer.Option(help="provider:model")] = None,
    parallel: Annotated[int, typer.Option(help="Sections that are written at once.")] = 1,
    server: Annotated[
        str | None, typer.Option(help="A service's address; without one the run executes here.")
    ] = None,
) -> None:
    """Write a podcast episode and its short forms. The script goes to standard output, all else to standard error."""
    if out is not None and server is not None:
        fail(
            "Give --out or --server: a folder that an episode can go on from needs it to be written here.", 2
        )
    from backend.podcasts.topics import read_topic

    try:
        inputs = read_topic(topics, topic)
        inputs |= _overrides(words, tone, host, reference, search=search, pieces=pieces)
        body = {"format": "podcast", "input": inputs, "options": {"model": model, "parallel": parallel}}
        status = asyncio.run(_write(body, server, out))
    except InvalidInput as error:
        lines = (f"{item.field.removeprefix('input.')}: {item.message}" for item in error.errors)
        fail("\n".join(lines) or error.message, status=2)
    except (StorywireError, RemoteError, OSError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("Stopped. " + ("Give the same command again to go on." if out else ""), status=130)
    raise typer.Exit(status)


def _overrides(
    words: int | None,
    tone: str | None,
    host: list[str] | None,
    reference: Path | None,
    *,
    search: bool,
    pieces: bool,
) -> dict[str, Any]:
    """Options of the command line that override the topic's file."""
    given: dict[str, Any] = {"target_words": words, "tone": tone}
    if host:
        named = (entry.partition(":") for entry in host)
        given["hosts"] = [{"name": name.strip(), "bio": bio.strip()} for name, _, bio in named]
    if reference is not None:
        given["reference_text"] = reference.read_text(encoding="utf-8")
    if not search:
        given["search"] = "off"
    if not pieces:
        given["pieces"] = False
    return {name: value for name, value in given.items() if value is not None}


async def _write(body: dict[str, Any], server: str | None, out: Path | None) -> int:
    """Exit status: 0 when the episode is complete, 1 otherwise."""
    ending: Message | None = None
    with ExitStack() as stack:
        screen = stack.enter_context(RunScreen())
        folder = stack.enter_context(OutFolder(out)) if out is not None else None
        async with aclosing(_follow(body, server, out)) as messages:
            async for message in messages:
                screen.show(message)
                if folder is not None:
                    folder.take(message)
                ending = message
    if isinstance(ending, RunCompleted):
        return 0
    if out is not None:
        say("What is written is kept. Give the same command again to go on.", err=True)
    return 1


def _follow(body: dict[str, Any], server: str | None, out: Path | None) -> AsyncGenerator[Message]:
    if server is not None:
        return follow_remote(server, body)
    settings = settings_or_fail(resume_on_start=False)
    # The graphs take seconds to import, and every other command does without them.
    from backend.cli.local import follow_in_folder, follow_local

    return follow_local(settings, body) if out is None else follow_in_folder(settings, body, out)
