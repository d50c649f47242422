"""Requests for runs and for versions of them, and their digests. Pure.

A version is a run of its own. Its graph doesn't begin at the start but with a state that looks as if the
sections that are taken over had just been written, so nobody pays for them again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel

from backend.store.runs.runs import Run
from backend.store.schema.run_values import RunOptions, VersionChange, VersionOrigin
from backend.store.threads import ThreadPlace
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


@dataclass(frozen=True, slots=True)
class StartBinding:
    """Binding of a start to one request, by its hash, and to a deadline: what a stream ticket allows."""

    request_hash: str
    start_by: datetime


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A request for a run, validated field by field before anything is stored or spent."""

    format: str
    input: Mapping[str, Any]
    options: RunOptions = field(default_factory=RunOptions)
    idempotency_key: str | None = None
    parentage: Parentage | None = None
    binding: StartBinding | None = None
    place: ThreadPlace | None = None
    """Its place in a thread, which one run may have."""


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


def hash_request(
    format: str, inputs: BaseModel, options: RunOptions, parents: Parentage | None = None
) -> str:
    """A digest that is equal for equal requests, by which idempotency keys and tickets are checked."""
    body = {
        "format": format,
        "input": inputs.model_dump(mode="json"),
        "options": options.model_dump(),
        **({"origin": _origin(parents)} if parents else {}),
    }
    return hashlib.sha256(
        orjson.dumps(body, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    ).hexdigest()


def _origin(parents: Parentage) -> dict[str, Any]:
    return {
        "parent_run_id": parents.parent_run_id,
        "root_run_id": parents.root_run_id,
        "origin": parents.origin.model_dump(mode="json"),
    }
