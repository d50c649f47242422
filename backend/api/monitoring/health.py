"""Liveness and readiness endpoints."""

from fastapi import APIRouter, Response

from backend.api.dependencies import ResourcesDep

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Liveness: the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(resources: ResourcesDep, response: Response) -> dict[str, str | int]:
    """Readiness to start runs: log and checkpoints are writable, there are a model and room. 503 otherwise.

    With workers, beside it what waits for them, for how many seconds, and how many are alive, with how many slots.
    """
    reason = await resources.readiness.reason()
    if reason is not None:
        response.status_code = 503
    body: dict[str, str | int] = {
        "status": reason or "ready",
        "runs": resources.engine.active,
        "readers": resources.queries.readers,
    }
    if (queue := resources.readiness.queue) is not None:
        body |= {"queued": queue.queued, "queue_seconds": round(queue.oldest_seconds)}
        body |= {"workers": queue.workers, "slots": queue.slots}
    return body
