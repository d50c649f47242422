"""Requests for runs, and their digests."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel

from backend.runs.attempt.version_seed import Parentage
from backend.store.run_values import RunOptions
from backend.store.threads import ThreadPlace


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
