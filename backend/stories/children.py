"""Use cases of the children whom stories are written for."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from backend.accounts.belongings import with_text
from backend.runs.commands import RunCommands
from backend.store.accounts.belongings import BelongingsRepository
from backend.store.owner import Owner
from backend.store.runs.runs import RunRepository
from backend.store.runs.shares import ShareRepository
from backend.stories.recommendations import Recommendation, recommend
from backend.stories.store.child_data import read_child
from backend.stories.store.children import ChildRepository, StoredChild
from backend.stories.store.sessions import SessionRepository
from workflows.errors import InvalidInput, NotFound
from workflows.formats.story.consent import ConsentRule
from workflows.formats.story.input import ReaderName, StoryReader
from workflows.safety.check import first_refused_field
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.policies.registry import PolicyRegistry

_CONSENT_EXPECTED = "true is expected: the consent of a parent to keeping these data"
_HISTORY = 50
"""Runs that are looked at for what was read."""
OnChapters = Literal["keep", "delete"]
"""What becomes of the chapters that were written, when what they belong to goes."""


class Profile(StoryReader):
    """The profile of a new child: a reader with a name and an age. The age in years is all that is kept of it."""

    name: ReaderName = Field(
        description="First name; the hero may bear it", json_schema_extra={"personal": True}
    )
    age: int = Field(ge=3, le=14, description="Years, 3 to 14", json_schema_extra={"personal": True})


@dataclass(frozen=True, slots=True)
class ChildDeletion:
    """Outcome of deleting a child: its story sessions, and the number of runs kept or deleted."""

    sessions: list[str]
    runs_kept: int
    runs_deleted: int


class Children:
    """Use cases of children. Children of another `owner` are not found."""

    def __init__(
        self,
        children: ChildRepository,
        sessions: SessionRepository,
        run_repository: RunRepository,
        runs: RunCommands,
        policies: PolicyRegistry,
        shares: ShareRepository,
        belongings: BelongingsRepository,
        *,
        consent: ConsentRule,
    ) -> None:
        """`consent`: whether a parent must consent to what is kept."""
        self._children = children
        self._sessions = sessions
        self._run_repository = run_repository
        self._runs = runs
        self._policies = policies
        self._shares = shares
        self._belongings = belongings
        self._consent = consent

    async def add(self, owner: Owner, profile: Profile, *, consent: bool = False) -> StoredChild:
        """Stores a child, and when a parent consented. Raises InvalidInput for text that is unfit for a child of that
        age, and without a consent that is required; Conflict for one child too many."""
        if self._consent.is_required and not consent:
            raise InvalidInput.of("consent", _CONSENT_EXPECTED)
        await asyncio.to_thread(self._check, profile)
        return await self._children.add(owner, profile.model_dump(mode="json"), consent=consent)

    async def find(self, owner: Owner, child_id: str) -> StoredChild:
        """The child. Raises NotFound."""
        child = await self._children.find(owner, child_id)
        if child is None:
            raise NotFound(f"There is no child {child_id[:64]}.")
        return child

    async def find_reader(self, owner: Owner, child_id: str, field: str) -> StoredChild:
        """The child, to be written for. Raises NotFound, and InvalidInput of the `field` without a consent that is
        required."""
        child = await self.find(owner, child_id)
        self._consent.check_child({"has_consent": child.consent_at is not None}, field)
        return child

    def check_reader(self, reader: StoryReader, root: str) -> None:
        """Raises InvalidInput for a reader who isn't a stored child, where what is said of it takes a consent."""
        self._consent.check_given(reader, root)

    async def page(self, owner: Owner, *, before: str | None = None, limit: int) -> list[StoredChild]:
        """The owner's children, newest first."""
        return await self._children.page(owner, before=before, limit=limit)

    async def change(
        self, owner: Owner, child_id: str, changes: Mapping[str, Any], *, consent: bool = False
    ) -> StoredChild:
        """Sets the given fields, each validated already. Raises NotFound, and InvalidInput for text that is unfit for a
        child of that age, and where a consent is required that nobody gave."""
        child = await self.find(owner, child_id)
        if self._consent.is_required and not (consent or child.consent_at):
            raise InvalidInput.of("consent", _CONSENT_EXPECTED)

        def change(stored: Mapping[str, Any]) -> dict[str, Any]:
            profile = Profile.model_validate({**stored, **changes})
            self._check(profile)  # what suits a child depends on its age, which may be another by now
            return profile.model_dump(mode="json")

        # Once beforehand: what rules take at their first use would keep everybody else's transactions waiting.
        await asyncio.to_thread(change, child.profile)
        changed = await self._children.update(owner, child_id, change, consent=consent)
        if changed is None:
            raise NotFound(f"There is no child {child_id[:64]}.")
        return changed

    async def recommend(
        self, owner: Owner, child_id: str, limit: int
    ) -> tuple[StoredChild, list[Recommendation]]:
        """Recommended themes, by the child's interests and stories. Raises NotFound."""
        child = await self.find(owner, child_id)
        runs = await self._run_repository.inputs_with(owner, "child_id", child_id, limit=_HISTORY)
        read = list(dict.fromkeys(str(given["theme"]) for _, given in runs if "theme" in given))
        return child, recommend(StoryReader.model_validate(child.profile), read, limit)

    async def export(self, owner: Owner, child_id: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """(table, row) of everything that there is of the child. Raises NotFound."""
        child = await self.find(owner, child_id)
        sessions = [session.id for session in await self._sessions.page(owner, child_id=child.id)]
        written = await self._written(owner, child.id, sessions)
        rows = read_child(self._belongings, owner, child.id, sessions, written)
        return ((table, await with_text(self._runs.queries, owner, table, row)) async for table, row in rows)

    async def delete(self, owner: Owner, child_id: str, on_chapters: OnChapters = "delete") -> ChildDeletion:
        """Deletes the child, its story sessions, and the texts that were written for it, versions included. Where they
        are to be kept, with the name and the age that are in them, nobody else can read them any more."""
        child = await self.find(owner, child_id)
        sessions = [session.id for session in await self._sessions.page(owner, child_id=child.id)]
        written = await self._written(owner, child.id, sessions)
        await self._leave(owner, written, on_chapters)
        for session_id in sessions:
            await self._sessions.delete(owner, session_id)
        await self._children.delete(owner, child.id)
        # What was begun meanwhile. No more can be: what refers to the child is stored with it there, or not at all.
        late = [run for run in await self._written(owner, child.id, sessions) if run not in set(written)]
        await self._leave(owner, late, on_chapters)
        written += late
        kept, deleted = (0, len(written)) if on_chapters == "delete" else (len(written), 0)
        return ChildDeletion(sessions, runs_kept=kept, runs_deleted=deleted)

    async def _leave(self, owner: Owner, run_ids: list[str], on_chapters: OnChapters) -> None:
        """Deletes the child's texts, or ends their share links."""
        if on_chapters == "keep":
            await self._shares.remove_all(owner, run_ids)
            return
        for run_id in sorted(run_ids, reverse=True):  # a chapter leaves none that recaps it
            with suppress(NotFound):  # somebody else deletes the same
                await self._runs.delete(owner, run_id)

    async def _written(self, owner: Owner, child_id: str, sessions: list[str]) -> list[str]:
        """Ids of the runs that were written for the child, and of their versions."""
        of_child = await self._run_repository.inputs_with(owner, "child_id", child_id)
        of_sessions = await self._run_repository.part_summaries(owner, sessions)
        found = [*(run_id for run_id, _ in of_child), *(run.id for run in of_sessions)]
        return list(dict.fromkeys([*found, *await self._run_repository.version_ids(owner, found)]))

    def _check(self, profile: Profile) -> None:
        policy = self._policies.apply(load_policy("child", profile.age))
        if (refused := first_refused_field(policy, profile.model_dump(mode="json"))) is not None:
            field, message = refused[0].lstrip("."), refused[1]
            raise InvalidInput.of(field, message)
