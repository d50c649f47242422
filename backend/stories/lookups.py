"""Lookups of the format `story`: a stored child, and a stored story with its chapters so far."""

from collections.abc import Mapping
from typing import Any

from backend.lookups import RETOLD, Lookup, StoredLookup
from backend.runs.queries import RunQueries
from backend.store.owner import Owner
from backend.stories.chapters import chapters_of, retell
from backend.stories.store import tables
from backend.stories.store.children import ChildRepository
from backend.stories.store.sessions import SessionRepository


def story_lookups(
    children: ChildRepository, sessions: SessionRepository, runs: RunQueries
) -> dict[str, Lookup]:
    """The lookups by kind, as `workflows.formats.story.references` describes them."""

    async def find_child(owner: Owner, child_id: str) -> Mapping[str, Any] | None:
        child = await children.find(owner, child_id)
        if child is None:
            return None
        return {"id": child.id, "reader": child.profile, "has_consent": child.consent_at is not None}

    async def find_session(owner: Owner, session_id: str) -> Mapping[str, Any] | None:
        session = await sessions.find(owner, session_id)
        if session is None:
            return None
        child = await children.find(owner, session.child_id) if session.child_id else None
        chapters = chapters_of(await runs.parts(owner, [session.id]))
        return {
            "id": session.id,
            "theme": session.theme,
            "child_id": session.child_id,
            "reader": child.profile if child else session.reader,
            "has_consent": child is not None and child.consent_at is not None,
            "next_chapter": chapters.next_number,
            "planned_chapters": session.planned_chapters,
            "writing": chapters.writing.id if chapters.writing else None,
            "chapters": retell(chapters),
            RETOLD: [run.id for run in chapters.done],
        }

    return {
        "child": StoredLookup(find_child, tables.children),
        "story_session": StoredLookup(find_session, tables.story_sessions),
    }
