"""Versions of a run: requests, parentage, seeds. Pure.

A version is a run of its own. Its graph doesn't begin at the start but with a state that looks as if the
sections that are taken over had just been written, so nobody pays for them again.
"""

from dataclasses import dataclass

from backend.store.run_values import VersionChange, VersionOrigin
from backend.store.runs import Run
from workflows.errors import Conflict, InvalidInput
from workflows.state import Section
from workflows.versions import VersionSeed, seed_version


@dataclass(frozen=True, slots=True)
class VersionRequest:
    """The change wanted in a version. No `section` (from 0): in all of them; no `feedback`: written anew."""

    section: int | None = None
    feedback: str | None = None
    model: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Parentage:
    """The parent of a version, the first version, and the sections taken over."""

    parent_run_id: str
    root_run_id: str
    origin: VersionOrigin


def make_parentage(parent: Run, request: VersionRequest) -> Parentage:
    """The parentage. Raises Conflict when the run isn't complete, InvalidInput when it has no such section."""
    if parent.result is None:
        raise Conflict(f"The run is {parent.status}: only a completed run can have another version.")
    count = len(parent.result.sections)
    if request.section is not None and request.section >= count:
        message = f"the run has the sections 0 to {count - 1}"
        raise InvalidInput.of("section", message)
    seed: VersionSeed | None = None
    if request.section is not None or request.feedback is not None:
        if not parent.plan:
            raise Conflict("The plan of this run is not kept, so only a whole new version can be written.")
        texts = [Section(index=each.index, text=each.text) for each in parent.result.sections]
        seed = seed_version(parent.plan, texts, request.section, request.feedback)
    change = VersionChange(section=request.section, feedback=request.feedback)
    return Parentage(parent.id, parent.root_run_id or parent.id, VersionOrigin(change=change, seed=seed))
