"""`storywire children`: the stored children."""

import asyncio
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.table import Column

from backend.cli.failures import fail, quiet_settings
from backend.cli.service_client import JsonOption
from backend.cli.terminal import print_json, show_table, write
from backend.settings import Settings
from backend.store.owner import LOCAL
from workflows.errors import StorywireError

app = typer.Typer(help="The children that stories are written for.", no_args_is_help=True)


@app.command("list")
def list_children(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20, as_json: JsonOption = False
) -> None:
    """The children that are stored here."""
    found = asyncio.run(_list(quiet_settings(), limit))
    if as_json:
        print_json([{"child_id": child.id, **child.profile} for child in found])
        return
    show_table(
        (Column("ID", no_wrap=True), "Name", "Age", "Level", "Language", "Interests"),
        (
            (
                child.id,
                child.profile["name"],
                str(child.profile["age"]),
                child.profile["reading_level"],
                child.profile["language"],
                ", ".join(child.profile["interests"]),
            )
            for child in found
        ),
    )


@app.command()
def add(
    name: Annotated[str, typer.Option(help="First name.")],
    age: Annotated[int, typer.Option(help="3 to 14.")],
    interests: Annotated[str, typer.Option(help="What the child likes, comma separated.")] = "",
    level: Annotated[str, typer.Option(help="beginner, intermediate or advanced")] = "intermediate",
    language: Annotated[str, typer.Option(help="en or he")] = "en",
    vocabulary: Annotated[int, typer.Option(help="0 (few words) to 100 (all of them).")] = 50,
) -> None:
    """Store a child; prints its ID, for `storywire generate story --child`."""
    profile = {
        "name": name,
        "age": age,
        "reading_level": level,
        "language": language,
        "interests": split_list(interests),
        "vocabulary_level": vocabulary,
    }
    try:
        write(asyncio.run(_add(quiet_settings(), profile)))
    except StorywireError as error:
        fail(error.message, status=2)


def split_list(text: str) -> list[str]:
    """`cats, stars` → `["cats", "stars"]`."""
    return [part.strip() for part in text.split(",") if part.strip()]


# The modules that open the data take seconds to import: each command does so once it is sure to need them.


async def _list(settings: Settings, limit: int) -> list[Any]:
    from backend.resources import open_resources
    from backend.stories.parts import StoryParts

    async with open_resources(settings) as resources:
        return await resources.parts_of(StoryParts).children.page(LOCAL, limit=limit)


async def _add(settings: Settings, profile: dict[str, Any]) -> str:
    from backend.resources import open_resources
    from backend.stories.children import Profile
    from backend.stories.parts import StoryParts
    from workflows.formats.base import invalid_input

    try:
        given = Profile.model_validate(profile)
    except ValidationError as error:
        raise invalid_input(error, "child") from None
    async with open_resources(settings) as resources:
        return (await resources.parts_of(StoryParts).children.add(LOCAL, given)).id
