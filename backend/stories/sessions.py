"""Use cases of story sessions: each chapter is a run, and the session holds what they have in common."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic

from backend.runs.commands import RunCommands
from backend.runs.queries import RunQueries
from backend.runs.results.exports import finished
from backend.store.owner import Owner
from backend.store.runs.runs import RunPart, RunRepository, RunSummary
from backend.store.schema.transitions import COMPLETED
from backend.stories.chapters import Chapters, RunT, chapters_of
from backend.stories.children import Children, OnChapters
from backend.stories.store.sessions import SessionRepository, StorySession
from backend.timezones import check_timezone, local_date
from workflows.errors import Conflict, InvalidInput, NotFound
from workflows.formats.base import AnyFormat
from workflows.formats.books.book import Book
from workflows.formats.story.book import story_book
from workflows.formats.story.input import StoryInput, StoryReader

PLANNED_CHAPTERS = 5


@dataclass(frozen=True, slots=True)
class Story(Generic[RunT]):
    """A session with its chapters, its present reader, and the minutes read by day."""

    session: StorySession
    reader: dict[str, Any]
    chapters: Chapters[RunT]
    days: dict[date, float]

    @property
    def title(self) -> str | None:
        """The session's own title, else the first chapter's."""
        return self.session.title or (self.chapters.done[0].title if self.chapters.done else None)


class Sessions:
    """Use cases of story sessions. Stories of another `owner` are not found."""

    def __init__(
        self,
        sessions: SessionRepository,
        run_repository: RunRepository,
        runs: RunCommands,
        queries: RunQueries,
        children: Children,
        format: AnyFormat,
    ) -> None:
        self._sessions = sessions
        self._run_repository = run_repository
        self._runs = runs
        self._queries = queries
        self._children = children
        self._format = format

    async def begin(
        self, owner: Owner, *, theme: str, child_id: str | None, reader: StoryReader | None, **others: Any
    ) -> Story[RunPart]:
        """Begins a story without a chapter yet. Raises NotFound for the child, InvalidInput."""
        if (child_id is None) == (reader is None):
            raise InvalidInput.of("child_id", "give either child_id or reader")
        if child_id is not None:
            await self._children.find_reader(owner, child_id, "child_id")
        elif reader is not None:
            self._children.check_reader(reader, "reader")
        values = _checked(others)
        session = await self._sessions.add(
            owner,
            theme=theme,
            child_id=child_id,
            reader=reader.model_dump(mode="json") if reader else None,
            **{"planned_chapters": PLANNED_CHAPTERS, **values},
        )
        return await self._story(session)

    async def begin_with(self, owner: Owner, run_id: str, **others: Any) -> tuple[Story[RunPart], bool]:
        """A new story whose first chapter is a completed run, and True; or the run's present story, and False.

        Raises NotFound, Conflict (it isn't a chapter, or isn't complete), InvalidInput.
        """
        values = _checked(others)
        run = await self._queries.find(owner, run_id)
        if run.format != self._format.name or run.status != COMPLETED:
            state = (
                f"is {run.status}" if run.format == self._format.name else f"is of the format {run.format}"
            )
            raise Conflict(f"Only a completed chapter can begin a story; the run {run.id} {state}.")
        if run.series is not None:
            return await self.find(owner, run.series), False
        inputs: StoryInput = self._format.parse(run.input)
        child_id = inputs.child_id
        if child_id is not None and not await self._has_child(owner, child_id):
            child_id = None
        if child_id is None:
            self._children.check_reader(inputs.reader, "run_id")
        session = await self._sessions.add_from_run(
            owner,
            run.id,
            inputs.chapter_number,
            theme=inputs.theme,
            child_id=child_id,
            reader=None if child_id else inputs.reader.model_dump(mode="json"),
            **{"planned_chapters": PLANNED_CHAPTERS, **values},
        )
        if session is None:  # somebody did so at this very moment
            run = await self._queries.find(owner, run_id)
            return await self.find(owner, run.series or ""), False
        return await self._story(session), True

    async def find(self, owner: Owner, session_id: str) -> Story[RunPart]:
        """The story. Raises NotFound."""
        return await self._story(await self._session(owner, session_id))

    async def page(
        self, owner: Owner, *, child_id: str | None = None, before: str | None = None, limit: int
    ) -> list[Story[RunSummary]]:
        """The owner's stories, newest first."""
        sessions = await self._sessions.page(owner, child_id=child_id, before=before, limit=limit)
        ids = [session.id for session in sessions]
        runs = await self._queries.part_summaries(owner, ids)
        days = await self._sessions.days(owner, ids)
        stories = []
        for session in sessions:
            with suppress(NotFound):  # its child was deleted at this moment, and the story with it
                reader = await self._reader(session)
                chapters = chapters_of([run for run in runs if run.series == session.id])
                stories.append(Story(session, reader, chapters, days[session.id]))
        if len(stories) < len(sessions):  # there are others in their place
            return await self.page(owner, child_id=child_id, before=before, limit=limit)
        return stories

    async def change(
        self,
        owner: Owner,
        session_id: str,
        *,
        bookmark: tuple[int, int] | None = None,
        minutes: float | None = None,
        **others: Any,
    ) -> Story[RunPart]:
        """Sets the given fields; `minutes` are added to today's. Raises NotFound, InvalidInput."""
        values = _checked(others)
        story = await self.find(owner, session_id)
        if bookmark is not None:
            _check_bookmark(bookmark, story.chapters)
            values |= {"bookmark_chapter": bookmark[0], "bookmark_section": bookmark[1]}
        if values:
            await self._sessions.update(owner, session_id, **values)
        if minutes is not None:
            zone = values.get("timezone", story.session.timezone)
            await self._sessions.add_minutes(owner, session_id, local_date(datetime.now(UTC), zone), minutes)
        return await self.find(owner, session_id)

    async def delete(self, owner: Owner, session_id: str, on_chapters: OnChapters = "delete") -> list[str]:
        """Deletes the session; returns its chapters' runs, which are deleted with all of their versions, or stay as
        runs of their own."""
        await self._session(owner, session_id)
        chapters = await self._chapters(owner, session_id)
        if on_chapters == "delete":
            await self._delete_runs(owner, chapters)
        # What was begun meanwhile. No more can be: a chapter is stored with its story there, or not at all.
        late = await self._sessions.delete(owner, session_id)
        late += await self._chapters(owner, session_id)
        if on_chapters == "delete":
            await self._delete_runs(owner, late)
        return list(dict.fromkeys([*chapters, *late]))

    async def _chapters(self, owner: Owner, session_id: str) -> list[str]:
        return [run.id for run in await self._queries.part_summaries(owner, [session_id])]

    async def _delete_runs(self, owner: Owner, run_ids: list[str]) -> None:
        versions = await self._run_repository.version_ids(owner, run_ids)
        for run_id in sorted([*run_ids, *versions], reverse=True):  # a chapter leaves none that recaps it
            with suppress(NotFound):  # somebody else deletes the same
                await self._runs.delete(owner, run_id)

    async def bind(self, owner: Owner, session_id: str) -> Book:
        """The whole story as a book. Raises NotFound, and Conflict when there is no chapter yet."""
        story = await self.find(owner, session_id)
        if not story.chapters.done:
            raise Conflict("This story has no chapter yet, so there is nothing to take away.")
        whole = [
            finished(self._format, await self._queries.find(owner, run.id)) for run in story.chapters.done
        ]
        return story_book(story.session.id, story.title or story.session.theme, whole)

    async def _session(self, owner: Owner, session_id: str) -> StorySession:
        session = await self._sessions.find(owner, session_id)
        if session is None:
            raise NotFound(f"There is no story session {session_id[:64]}.")
        return session

    async def _story(self, session: StorySession) -> Story[RunPart]:
        runs = await self._queries.parts(session.owner, [session.id])
        days = await self._sessions.days(session.owner, [session.id])
        return Story(session, await self._reader(session), chapters_of(runs), days[session.id])

    async def _reader(self, session: StorySession) -> dict[str, Any]:
        if session.child_id is not None:
            return (await self._children.find(session.owner, session.child_id)).profile
        return session.reader or {}

    async def _has_child(self, owner: Owner, child_id: str) -> bool:
        try:
            await self._children.find_reader(owner, child_id, "run_id")
        except NotFound:
            return False
        return True


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if value is not None}
    try:
        check_timezone(given.get("timezone", "UTC"))
    except ValueError as error:
        raise InvalidInput.of("timezone", str(error)) from None
    return given


def _check_bookmark(bookmark: tuple[int, int], chapters: Chapters[RunPart]) -> None:
    counts = dict(chapters.section_counts)
    chapter, section = bookmark
    if chapter not in counts:
        there = ", ".join(map(str, counts)) or "none yet"
        raise InvalidInput.of("bookmark.chapter_number", f"the chapters of this story: {there}")
    if section > counts[chapter]:
        raise InvalidInput.of(
            "bookmark.section", f"0 to {counts[chapter]} sections of this chapter can be read"
        )
