"""`storywire generate podcast`: an episode in the terminal, and as files in a folder that it can resume from."""

from collections.abc import AsyncGenerator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli.failures import fail, settings_or_fail
from backend.cli.runs.folder import OutFolder
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
from backend.cli.service_client import JsonOption, Service
from backend.cli.terminal import say
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
    as_json: JsonOption = False,
    on_interrupt: InterruptOption = "detach",
) -> None:
    """Write a podcast episode and its short forms. The script goes to standard output, all else to standard error."""
    if out is not None and server is not None:
        fail(
            "Give --out or --server: a folder that an episode can go on from needs it to be written here.", 2
        )
    from backend.podcasts.topics import read_topic

    run = WatchedRun(Service(server, current_key()) if server is not None else None)
    watching = Watching(as_json, on_interrupt)

    async def work() -> Message | None:
        inputs = read_topic(topics, topic)
        inputs |= _overrides(words, tone, host, reference, search=search, pieces=pieces)
        body = {"format": "podcast", "input": inputs, "options": {"model": model, "parallel": parallel}}
        return await _write(body, run, out, watching)

    again = " Give the same command again to go on." if out else ""
    ending = wait_for_end(work(), run, watching, advice=again)
    if out is not None and not isinstance(ending, RunCompleted):
        say("What is written is kept. Give the same command again to go on.", err=True)
    raise typer.Exit(status_of(ending))


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


async def _write(
    body: dict[str, Any], run: WatchedRun, out: Path | None, watching: Watching
) -> Message | None:
    """The last message."""
    with ExitStack() as stack:
        folder = stack.enter_context(OutFolder(out)) if out is not None else None
        messages = _follow(body, run, out)
        return await watch(messages, watching, folder.take if folder is not None else None)


def _follow(body: dict[str, Any], run: WatchedRun, out: Path | None) -> AsyncGenerator[Message]:
    if run.service is not None:
        return follow_remote(run.service, body, note=run.note)
    settings = settings_or_fail(resume_on_start=False)
    # The graphs take seconds to import, and every other command does without them.
    from backend.cli.runs.local import follow_in_folder, follow_local

    return follow_local(settings, body) if out is None else follow_in_folder(settings, body, out)
