"""Entry point of the story extension."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from backend.extensions.base import AccountSection, CommandLine, RouteAccess, ServiceContext
from backend.plugins import Extension
from backend.stories.settings import StorySettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import APIRouter

    from backend.lookups import Lookup
    from backend.stories.parts import StoryParts
    from backend.stories.retention import StoryRetention


class StoryExtension(Extension):
    """The story extension: children, sessions and chapters."""

    name = "story"
    Settings = StorySettings

    def open(self, service: ServiceContext) -> StoryParts:
        """Children and sessions, with the story format as configured."""
        from backend.stories.parts import open_stories

        return open_stories(service, self.name)

    def declare_tables(self) -> None:
        """Children, story sessions and reading days."""
        from backend.stories.store import tables  # noqa: F401

    def lookups(self, service: ServiceContext) -> Mapping[str, Lookup]:
        """The lookups `child` and `story_session`."""
        from backend.stories.lookups import story_lookups
        from backend.stories.store.children import ChildRepository
        from backend.stories.store.sessions import SessionRepository

        database = service.database
        return story_lookups(ChildRepository(database), SessionRepository(database), service.queries)

    def retention(self, service: ServiceContext) -> StoryRetention:
        """Retention of children and stories."""
        from backend.stories.retention import StoryRetention
        from backend.stories.store.children import ChildRepository
        from backend.stories.store.sessions import SessionRepository

        return StoryRetention(SessionRepository(service.database), ChildRepository(service.database))

    def access(self) -> Sequence[RouteAccess]:
        """The scope `children`. Everything of a child in one reply is for people, like the export of an account."""
        return (
            RouteAccess(r"/api/v1/children/[^/]+/export", None),
            RouteAccess(r"/api/v1/(?:children|stories/sessions)(?:/.*)?", "children"),
        )

    def routers(self) -> Sequence[APIRouter]:
        """The routes `/api/v1/children` and `/api/v1/stories/sessions`."""
        from backend.stories.api import children, sessions

        return (children.router, sessions.router)

    def account_section(self) -> AccountSection:
        """The children of an account."""
        folder = Path(__file__).parent / "account"
        return AccountSection(folder / "children.html", folder / "children.js")

    def add_commands(self, line: CommandLine) -> None:
        """Adds `children`, `sessions`, `generate story`, `record story`."""
        from backend.cli.runs.record import recording
        from backend.stories.cli import children, sessions, story

        line.app.add_typer(children.app, name="children")
        line.app.add_typer(sessions.app, name="sessions")
        line.generate.command("story")(story.story)
        line.record.command("story")(recording(story.story))
