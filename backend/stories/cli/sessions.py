"""`storywire sessions`: stories in chapters."""

import asyncio
from typing import Annotated, Any

import typer
from rich.table import Column

from backend.cli.failures import fail, quiet_settings
from backend.cli.service_client import JsonOption
from backend.cli.terminal import print_json, show_table, write
from backend.settings import Settings
from backend.store.owner import LOCAL
from workflows.errors import StorywireError

app = typer.Typer(help="Stories over chapters.", no_args_is_help=True)


@app.command("list")
def list_sessions(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20, as_json: JsonOption = False
) -> None:
    """The newest stories."""
    found = asyncio.run(_list(quiet_settings(), limit))
    if as_json:
        print_json([story.model_dump(mode="json") for story, _ in found])
        return
    show_table(
        (Column("ID", no_wrap=True), "Reader", "Chapters", "Read", "Title"),
        (
            (
                story.session_id,
                reader,
                str(story.chapters_written),
                f"{story.progress_percent} %",
                story.title or story.theme,
            )
            for story, reader in found
        ),
    )


@app.command()
def begin(run_id: Annotated[str, typer.Argument(metavar="RUN")]) -> None:
    """Begin a story with a finished chapter; prints its ID, for `storywire generate story --session`."""
    try:
        write(asyncio.run(_begin(quiet_settings(), run_id)))
    except StorywireError as error:
        fail(error.message)


async def _list(settings: Settings, limit: int) -> list[tuple[Any, str]]:
    """The stories, each with its reader's name."""
    from backend.resources import open_resources
    from backend.stories.api.views import session_summary
    from backend.stories.parts import StoryParts

    async with open_resources(settings) as resources:
        sessions = resources.parts_of(StoryParts).sessions
        return [
            (session_summary(story), story.reader["name"])
            for story in await sessions.page(LOCAL, limit=limit)
        ]


async def _begin(settings: Settings, run_id: str) -> str:
    from backend.resources import open_resources
    from backend.stories.parts import StoryParts

    async with open_resources(settings) as resources:
        story, _ = await resources.parts_of(StoryParts).sessions.begin_with(LOCAL, run_id)
        return story.session.id
