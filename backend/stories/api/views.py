"""Story sessions as JSON."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from backend.store.runs.runs import RunPart
from backend.stories.chapters import choice_after
from backend.stories.progress import progress_percent, streak, total_minutes
from backend.stories.sessions import Story
from backend.timezones import local_date
from workflows.formats.story.input import StoryReader


class ChoiceView(BaseModel):
    """A choice of how the story continues."""

    text: str
    description: str


class ChapterView(BaseModel):
    """A chapter; `choice` is the choice made at its end, null at the end of the story so far."""

    number: int
    run_id: str
    title: str
    summary: str
    words: int
    sections: int
    finished_at: datetime | None
    choice_question: str | None
    choices: list[ChoiceView]
    choice: str | None


class UnfinishedView(BaseModel):
    """The run of the next chapter: active, or failed and perhaps resumable."""

    number: int
    run_id: str
    status: str


class BookmarkView(BaseModel):
    """The reader's place: a chapter, and the number of its sections that have been read."""

    chapter_number: int
    section: int


class StreakView(BaseModel):
    """Days in a row on which the story was read: the current streak and the longest."""

    days: int
    longest: int


class SessionSummary(BaseModel):
    """A story in a list."""

    session_id: str
    child_id: str | None
    title: str | None
    theme: str
    language: str
    chapters_written: int
    planned_chapters: int
    next_chapter: int
    bookmark: BookmarkView
    progress_percent: int
    reading_minutes: float
    streak: StreakView
    timezone: str
    created_at: datetime
    updated_at: datetime


class SessionPage(BaseModel):
    """A page of stories, newest first; `next_cursor` leads to the next page."""

    sessions: list[SessionSummary]
    next_cursor: str | None


class SessionView(SessionSummary):
    """A story with its chapters."""

    reader: StoryReader
    chapters: list[ChapterView]
    unfinished: UnfinishedView | None
    reading_days: dict[str, float]
    """Minutes by the reader's day, `2026-11-21`."""


def session_summary(story: Story[Any]) -> SessionSummary:
    """A story in a list."""
    session, chapters = story.session, story.chapters
    bookmark = (session.bookmark_chapter, session.bookmark_section)
    days = streak(story.days, local_date(datetime.now(UTC), session.timezone))
    return SessionSummary(
        session_id=session.id,
        child_id=session.child_id,
        title=story.title,
        theme=session.theme,
        language=story.reader["language"],
        chapters_written=len(chapters.done),
        planned_chapters=session.planned_chapters,
        next_chapter=chapters.next_number,
        bookmark=BookmarkView(chapter_number=bookmark[0], section=bookmark[1]),
        progress_percent=progress_percent(chapters.section_counts, bookmark, session.planned_chapters),
        reading_minutes=total_minutes(story.days),
        streak=StreakView(days=days.days, longest=days.longest),
        timezone=session.timezone,
        created_at=session.created_at,
        updated_at=session.updated_at,
    )


def session_view(story: Story[RunPart]) -> SessionView:
    """A story with its chapters."""
    trying = story.chapters.trying
    return SessionView(
        **session_summary(story).model_dump(),
        reader=StoryReader.model_validate(story.reader),
        chapters=[_chapter(story, place, run) for place, run in enumerate(story.chapters.done)],
        unfinished=trying and UnfinishedView(number=trying.part or 0, run_id=trying.id, status=trying.status),
        reading_days={day.isoformat(): minutes for day, minutes in sorted(story.days.items())},
    )


def _chapter(story: Story[RunPart], place: int, run: RunPart) -> ChapterView:
    results = run.results
    return ChapterView(
        number=run.part or 0,
        run_id=run.id,
        title=run.title or "",
        summary=results.get("summary", ""),
        words=run.words,
        sections=run.section_count or 0,
        finished_at=run.finished_at,
        choice_question=results.get("choice_question"),
        choices=results.get("choices", []),
        choice=choice_after(story.chapters, place),
    )
