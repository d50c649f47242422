"""Result cache: finished results that answer the same request again.

A hit is a run of its own, with a log of its own, which is given the text of the run that was kept. A run that is still
being written answers in the same way: `backend/store/runs/sources.py` finds either.
"""

import hashlib
from datetime import UTC, datetime, timedelta

import orjson

from backend.store.runs.cache import CacheRepository
from backend.store.runs.runs import NewRun, RunRepository
from backend.store.schema.run_values import RunOptions
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import cache_key_of
from workflows.models.spec import ModelSpec
from workflows.safety.policies.policy import Policy
from workflows.versions import VersionPlan


class ResultCache:
    """Cached results, for `ttl` seconds each."""

    def __init__(self, repository: CacheRepository, runs: RunRepository, ttl: float) -> None:
        self._repository = repository
        self._runs = runs
        self._ttl = timedelta(seconds=ttl)

    def kept_since(self, options: RunOptions) -> datetime | None:
        """The earliest time of a cached result that a run with these options accepts; None if it accepts none."""
        return datetime.now(UTC) - self._ttl if options.cache == "use" else None

    async def plan_of(self, run_id: str) -> VersionPlan | None:
        """The plan kept for versions of the run, if any."""
        run = await self._runs.get(run_id)
        return run.plan if run else None

    async def drop_expired(self) -> None:
        """Drops expired entries."""
        await self._repository.drop(older_than=datetime.now(UTC) - self._ttl)


def make_cache_key(format: AnyFormat, run: NewRun, models: list[ModelSpec], policy: Policy) -> str | None:
    """A digest of what a result depends on: the input, the format with its prompts, the models, the policy.

    None for a run that isn't kept, or is made of another run's text.
    """
    if run.options.cache not in ("use", "refresh") or run.origin is not None:
        return None
    given = cache_key_of(format, format.parse(run.input))
    if given is None:
        return None
    whole = [
        format.name,
        format.fingerprint(),
        given,
        run.options.keep_length,
        [str(model) for model in models],
    ]
    rules = hashlib.sha256(policy.model_dump_json().encode()).hexdigest()
    return hashlib.sha256(orjson.dumps([*whole, rules])).hexdigest()
