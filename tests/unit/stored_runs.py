"""Rows of the table of runs: a log belongs to a run that is stored."""

from typing import Any

from ulid import ULID

from backend.store.runs import Run, RunRepository


async def add_run(repository: RunRepository, **values: Any) -> Run:
    """A run that has just begun, with `values` in place of the usual ones."""
    run = await repository.add(run_values(**values))
    assert run is not None
    return run


def run_values(**values: Any) -> dict[str, Any]:
    """What a new run is stored with."""
    return {
        "id": str(ULID()),
        "owner": "maya",
        "format": "story",
        "model": "openai:test",
        "input": {"theme": "moon"},
        "options": {},
        **values,
    }
