"""`/api/v1/stories/sessions`: stories in chapters, and the reader's choices between them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from backend.api.dependencies import OwnerDep, PageCursor, PageLimit, PrincipalDep, ResourcesDep
from backend.api.leaving import in_turn
from backend.api.paging import page_of
from backend.api.runs.exports import attachment
from backend.api.runs.starts import RunStartDep
from backend.api.runs.streams import STREAM_RESPONSES
from backend.api.runs.views import StartedRun
from backend.store.runs.runs import Run
from backend.store.schema.run_values import RunOptions
from backend.stories.api.children import OnChaptersQuery
from backend.stories.api.parts import ChoicesDep, SessionsDep
from backend.stories.api.views import SessionPage, SessionView, session_summary, session_view
from backend.stories.choices import ChoiceRequest
from workflows.errors import InvalidInput
from workflows.formats.story.book import WRITERS
from workflows.formats.story.input import StoredId, StoryReader, StoryTitle, Theme
from workflows.text.json_values import JsonModel, trimmed

router = APIRouter(prefix="/api/v1/stories/sessions", tags=["sessions"])

SessionId = Annotated[str, Path(max_length=64)]
PlannedChapters = Annotated[
    int, Field(ge=1, le=200, description="Chapters that the story is to have; 5 by default")
]
Timezone = Annotated[str, Field(max_length=64, description="Where the reader is, such as Europe/Berlin")]
_CONFLICT: dict[int | str, dict[str, Any]] = {409: {"description": "The story is in another state"}}
_NO_SUCH: dict[int | str, dict[str, Any]] = {404: {"description": "No such child or run"}}
_CustomInput = Annotated[str, trimmed(1000)]


class SessionBody(JsonModel):
    """A new story: of a child or an inline reader, about a theme; or one that begins with a completed run."""

    child_id: StoredId | None = Field(None, description="A stored child who reads, in place of `reader`")
    reader: StoryReader | None = Field(None, description="Who reads, in place of `child_id`")
    theme: Theme | None = Field(None, description="What the story is about, 2 to 120 characters")
    run_id: StoredId | None = Field(
        None, description="A completed chapter to begin with, in place of the others"
    )
    title: StoryTitle | None = Field(None, description="What the story is called")
    planned_chapters: PlannedChapters | None = None
    timezone: Timezone | None = None


class BookmarkBody(JsonModel):
    """Reading position: a chapter, and how many of its sections are read."""

    chapter_number: int = Field(ge=1, le=10_000, description="Which chapter, from 1")
    section: int = Field(0, ge=0, le=10_000, description="How many of its sections are read")


class ChangeBody(JsonModel):
    """Changes of a story session. Fields that are left out stay."""

    title: StoryTitle | None = Field(None, description="What the story is called")
    planned_chapters: PlannedChapters | None = None
    timezone: Timezone | None = None
    bookmark: BookmarkBody | None = Field(None, description="How far the reader is")
    minutes_read: float | None = Field(
        None, gt=0, le=1440, description="Minutes read since the last report; added to the reader's day"
    )


class ChoiceBody(JsonModel):
    """Choice at the end of the last chapter, or the reader's own wish."""

    choice_index: int | None = Field(None, ge=0, le=100, description="From 0")
    custom_user_input: _CustomInput | None = Field(
        None, description="What the reader says should happen instead"
    )
    chapter_number: int | None = Field(
        None, ge=1, le=10_000, description="The chapter to be written; 409 when the story has gone on since"
    )
    options: RunOptions = Field(RunOptions(), description="How the chapter is written")


class DeletedSession(BaseModel):
    """Outcome of deleting a story: its chapters' runs, deleted with it or kept as runs of their own."""

    session_id: str
    runs: list[str]
    runs_deleted: bool


@router.post("", status_code=201, responses={200: {"model": SessionView}, **_NO_SUCH, **_CONFLICT})
async def begin_session(
    body: SessionBody, principal: PrincipalDep, sessions: SessionsDep, response: Response
) -> SessionView:
    """Begins a story. For a run that is in a story already, returns that story (200). An API key needs `children:read`
    too for a child or a run, which are shown, and for a run `runs:read`."""
    owner, others = principal.owner, body.model_dump(include={"title", "planned_chapters", "timezone"})
    if body.run_id is not None:
        principal.check_scope("runs:read")
    if body.run_id is not None or body.child_id is not None:
        principal.check_scope("children:read")
    if body.run_id is not None:
        if body.child_id is not None or body.reader is not None or body.theme is not None:
            raise InvalidInput.of(
                "run_id", "the run says who reads and what it is about: give nothing else of it"
            )
        story, is_new = await sessions.begin_with(owner, body.run_id, **others)
        response.status_code = 201 if is_new else 200
    elif body.theme is None:
        raise InvalidInput.of("theme", "say what the story is about, or give a run_id to begin with")
    else:
        story = await sessions.begin(
            owner, theme=body.theme, child_id=body.child_id, reader=body.reader, **others
        )
    response.headers["Location"] = f"/api/v1/stories/sessions/{story.session.id}"
    return session_view(story)


@router.get("")
async def list_sessions(
    owner: OwnerDep,
    sessions: SessionsDep,
    child_id: Annotated[str | None, Query(max_length=64)] = None,
    limit: PageLimit = 20,
    cursor: PageCursor = None,
) -> SessionPage:
    """The caller's stories, newest first."""
    found = await sessions.page(owner, child_id=child_id, before=cursor, limit=limit + 1)
    page, next_cursor = page_of(found, limit, lambda story: story.session.id)
    return SessionPage(sessions=[session_summary(story) for story in page], next_cursor=next_cursor)


@router.get("/{session_id}")
async def get_session(session_id: SessionId, owner: OwnerDep, sessions: SessionsDep) -> SessionView:
    """A story with its chapters, choices and bookmark."""
    return session_view(await sessions.find(owner, session_id))


@router.patch("/{session_id}")
async def change_session(
    session_id: SessionId, body: ChangeBody, owner: OwnerDep, sessions: SessionsDep
) -> SessionView:
    """Sets title, plan, time zone or bookmark, and adds minutes read."""
    bookmark = (body.bookmark.chapter_number, body.bookmark.section) if body.bookmark else None
    others = body.model_dump(include={"title", "planned_chapters", "timezone"})
    story = await sessions.change(owner, session_id, bookmark=bookmark, minutes=body.minutes_read, **others)
    return session_view(story)


@router.delete("/{session_id}")
async def delete_session(
    session_id: SessionId, owner: OwnerDep, sessions: SessionsDep, chapters: OnChaptersQuery = "delete"
) -> DeletedSession:
    """Deletes the story with its chapters and their versions. With `chapters=keep` they stay as runs."""
    runs = await sessions.delete(owner, session_id, chapters)
    return DeletedSession(session_id=session_id, runs=runs, runs_deleted=chapters == "delete")


@router.get("/{session_id}/export", response_class=Response, responses=_CONFLICT)
async def export_session(
    session_id: SessionId,
    request: Request,
    owner: OwnerDep,
    sessions: SessionsDep,
    resources: ResourcesDep,
    name: Annotated[str, Query(alias="as", max_length=32, description="epub or docx")],
) -> Response:
    """The whole story as a book."""
    if name not in WRITERS:
        raise InvalidInput.of("as", f"a story can be had as {', '.join(sorted(WRITERS))}")
    book = await sessions.bind(owner, session_id)
    media_type, write = WRITERS[name]
    content = await in_turn(request, resources.for_callers, write, book)
    return attachment(content, media_type, name, id=session_id, title=book.title)


@router.post(
    "/{session_id}/choices",
    status_code=201,
    response_model=StartedRun,
    responses={**STREAM_RESPONSES, **_CONFLICT, 429: {"description": "A quota is used up"}},
)
async def choose(
    session_id: SessionId, body: ChoiceBody, choices: ChoicesDep, start: RunStartDep
) -> Response:
    """Starts the next chapter as chosen. With `Accept: text/event-stream` the reply is its stream."""

    async def begin(key: str | None) -> tuple[Run, bool]:
        choice = ChoiceRequest(
            choice_index=body.choice_index,
            custom_user_input=body.custom_user_input,
            chapter_number=body.chapter_number,
            options=body.options,
            idempotency_key=key,
        )
        return await choices.choose(start.owner, session_id, choice)

    return await start.respond(begin)
