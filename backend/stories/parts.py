"""Construction of the story extension's use cases."""

from dataclasses import dataclass

from backend.extensions.base import ServiceContext
from backend.store.children import ChildRepository
from backend.store.sessions import SessionRepository
from backend.stories.children import Children
from backend.stories.sessions import Sessions


@dataclass(frozen=True, slots=True)
class StoryParts:
    """Use cases of children and of story sessions."""

    children: Children
    sessions: Sessions


def open_stories(service: ServiceContext, format: str) -> StoryParts:
    """The use cases, with the format as configured."""
    kept, sessions = ChildRepository(service.database), SessionRepository(service.database)
    children = Children(kept, sessions, service.run_repository, service.runs, service.policies)
    return StoryParts(
        children,
        Sessions(
            sessions,
            service.run_repository,
            service.runs,
            service.queries,
            children,
            service.formats[format],
        ),
    )
