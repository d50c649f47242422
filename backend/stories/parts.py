"""Construction of the story extension's use cases."""

from dataclasses import dataclass

from backend.extensions.base import ServiceContext
from backend.store.accounts.belongings import BelongingsRepository
from backend.store.limits import cap_of
from backend.store.runs.shares import ShareRepository
from backend.stories.children import Children
from backend.stories.choices import Choices
from backend.stories.sessions import Sessions
from backend.stories.settings import StorySettings
from backend.stories.store.children import ChildRepository
from backend.stories.store.sessions import SessionRepository
from workflows.formats.story.consent import ConsentRule


@dataclass(frozen=True, slots=True)
class StoryParts:
    """Use cases of children, of story sessions and of choices in them."""

    children: Children
    sessions: Sessions
    choices: Choices


def open_stories(service: ServiceContext, format: str) -> StoryParts:
    """The use cases, with the format as configured."""
    database, own = service.database, service.settings.of(StorySettings)
    sessions = SessionRepository(database, cap_of(service.settings, "stories", own))
    children = Children(
        ChildRepository(database, cap_of(service.settings, "children", own)),
        sessions,
        service.run_repository,
        service.runs,
        service.policies,
        ShareRepository(database),
        BelongingsRepository(database),
        consent=ConsentRule(own.require_consent),
    )
    stories = Sessions(
        sessions,
        service.run_repository,
        service.runs,
        service.queries,
        children,
        service.formats[format],
    )
    choices = Choices(stories, sessions, service.run_repository, service.runs, service.queries, format)
    return StoryParts(children, stories, choices)
