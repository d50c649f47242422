"""`storywire generate story`: a chapter in the terminal, alone or as the next one of a story."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from backend.cli.failures import fail
from backend.cli.runs.generate import (
    BudgetOption,
    CacheOption,
    ModelOption,
    ParallelOption,
    ServerOption,
    write,
)
from backend.cli.runs.watching import InterruptOption, Watching
from backend.cli.service_client import JsonOption
from backend.store.owner import LOCAL
from backend.stories.cli.children import split_list

if TYPE_CHECKING:
    from backend.cli.runs.local import RunStarter
    from backend.resources import Resources
    from backend.store.runs.runs import Run
    from backend.store.schema.run_values import RunOptions


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
    parallel: ParallelOption = 1,
    budget: BudgetOption = None,
    cache: CacheOption = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
    on_interrupt: InterruptOption = "detach",
) -> None:
    """Write a chapter of a child's story. The story goes to standard output, all else to standard error."""
    watching = Watching(as_json, on_interrupt)
    options = {"model": model, "parallel": parallel, "budget_usd": budget, "cache": cache}
    if session is not None:
        if theme is not None or child is not None:
            fail("A story knows its theme and its reader: give --session without --theme and --child.", 2)
        index = None if choice is None else choice - 1
        body = {"choice_index": index, "custom_user_input": wish, "options": options}
        path = f"/api/v1/stories/sessions/{quote(session, safe='')}/choices"
        write(body, server, path, _choosing(session), watching)
    if theme is None or choice is not None:
        fail("Give --theme; or --session with --choice or --wish, to go on with a story.", 2)
    reader = {
        "name": name,
        "age": age,
        "reading_level": level,
        "language": language,
        "interests": split_list(interests),
    }
    inputs = {
        "theme": theme,
        **({"reader": reader} if child is None else {"child_id": child}),
        "chapter_number": chapter,
        "title": title,
        "custom_user_input": wish,
    }
    write({"format": "story", "input": inputs, "options": options}, server, watching=watching)


def _choosing(session: str) -> "RunStarter":
    """A function that starts the next chapter of a story in this process."""

    async def start(resources: "Resources", body: Mapping[str, Any], options: "RunOptions") -> "Run":
        from backend.stories.choices import ChoiceRequest
        from backend.stories.parts import StoryParts

        choice = ChoiceRequest(body["choice_index"], body["custom_user_input"], options=options)
        run, _ = await resources.parts_of(StoryParts).choices.choose(LOCAL, session, choice)
        return run

    return start
