"""Is it alive, is it ready."""

import structlog
from fastapi import APIRouter, Response

from backend.api.dependencies import ResourcesDep

log = structlog.get_logger()

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(resources: ResourcesDep, response: Response) -> dict[str, str | int]:
    """Runs can be started: the database answers and there is room. 503 otherwise."""
    try:
        await resources.database.ping()
    except Exception:
        log.exception("database_does_not_answer")
        response.status_code = 503
        return {"status": "the database does not answer"}
    if not resources.execution.accepts:
        response.status_code = 503
        return {"status": "no room for another run", "runs": resources.execution.active}
    return {"status": "ready", "runs": resources.execution.active, "readers": resources.runs.readers}
