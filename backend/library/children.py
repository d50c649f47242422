"""The children whom stories are written for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from backend.library.recommendations import Recommendation, recommend
from backend.runs.runs import Runs
from backend.store.children import Child, ChildRepository
from backend.store.runs import Run, RunRepository
from backend.store.sessions import SessionRepository
from workflows.errors import FieldError, InvalidInput, NotFound
from workflows.formats.story.input import Reader, ReaderName
from workflows.safety.check import first_refused_field
from workflows.safety.policy import load_policy
from workflows.safety.registry import PolicyRegistry

_HISTORY = 50
"""Runs that are looked at for what was read."""
Fate = Literal["keep", "delete"]
"""What becomes of the chapters that were written, when what they belong to goes."""


class Profile(Reader):
    """A new child: a reader whose name and age are known."""

    name: ReaderName = Field(description="First name; the hero may bear it")
    age: int = Field(ge=3, le=14, description="Years, 3 to 14")


@dataclass(frozen=True, slots=True)
class Farewell:
    """What went with a child: its story sessions, and how many runs were kept or deleted."""

    sessions: list[str]
    runs_kept: int
    runs_deleted: int


class Children:
    """Every use case. `owner` is whose children: another's are not found."""

    def __init__(
        self,
        children: ChildRepository,
        sessions: SessionRepository,
        run_repository: RunRepository,
        runs: Runs,
        policies: PolicyRegistry,
    ) -> None:
        self._children = children
        self._sessions = sessions
        self._run_repository = run_repository
        self._runs = runs
        self._policies = policies

    async def add(self, owner: str, profile: Profile) -> Child:
        """Raises InvalidInput for what isn't fit for a child of that age."""
        self._check(profile)
        return await self._children.add(owner, profile.model_dump(mode="json"))

    async def find(self, owner: str, child_id: str) -> Child:
        """Raises NotFound."""
        child = await self._children.find(owner, child_id)
        if child is None:
            raise NotFound(f"There is no child {child_id[:64]}.")
        return child

    async def page(self, owner: str, *, before: str | None = None, limit: int) -> list[Child]:
        """The owner's children, newest first."""
        return await self._children.page(owner, before=before, limit=limit)

    async def change(self, owner: str, child_id: str, changes: Mapping[str, Any]) -> Child:
        """Sets the fields that are named, each checked already. Raises NotFound, InvalidInput."""
        child = await self.find(owner, child_id)
        profile = Profile.model_validate({**child.profile, **changes})
        self._check(profile)
        changed = await self._children.update(owner, child_id, profile.model_dump(mode="json"))
        if changed is None:
            raise NotFound(f"There is no child {child_id[:64]}.")
        return changed

    async def recommend(self, owner: str, child_id: str, limit: int) -> tuple[Child, list[Recommendation]]:
        """What the child may like to read about next, by its interests and its stories. Raises NotFound."""
        child = await self.find(owner, child_id)
        runs = await self._run_repository.referring(owner, "child_id", child_id, limit=_HISTORY)
        read = list(dict.fromkeys(str(run.input["theme"]) for run in runs if "theme" in run.input))
        return child, recommend(Reader.model_validate(child.profile), read, limit)

    async def delete(self, owner: str, child_id: str, chapters: Fate = "keep") -> Farewell:
        """Removes the child and its story sessions, and what was written for it if that is asked for."""
        child = await self.find(owner, child_id)
        sessions = [session.id for session in await self._sessions.page(owner, child_id=child.id)]
        written = await self._written(owner, child.id, sessions)
        if chapters == "delete":
            for run in written:
                await self._runs.delete(owner, run.id)
        for session_id in sessions:
            await self._sessions.delete(owner, session_id)
        await self._children.delete(owner, child.id)
        kept, deleted = (0, len(written)) if chapters == "delete" else (len(written), 0)
        return Farewell(sessions, runs_kept=kept, runs_deleted=deleted)

    async def _written(self, owner: str, child_id: str, sessions: list[str]) -> list[Run]:
        of_child = await self._run_repository.referring(owner, "child_id", child_id)
        of_sessions = await self._run_repository.parts(owner, sessions)
        return list({run.id: run for run in [*of_child, *of_sessions]}.values())

    def _check(self, profile: Profile) -> None:
        policy = self._policies.apply(load_policy("child", profile.age))
        if (refused := first_refused_field(policy, profile.model_dump(mode="json"), "")) is not None:
            field, message = refused[0].lstrip("."), refused[1]
            raise InvalidInput(f"{field}: {message}", (FieldError(field, message),))
