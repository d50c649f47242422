"""`/metrics`: metrics of this process in Prometheus' text format."""

from fastapi import APIRouter, Response

from backend.api.dependencies import ResourcesDep

router = APIRouter(tags=["health"])

_TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", response_class=Response)
async def metrics(resources: ResourcesDep) -> Response:
    """Counters and histograms since the process started, in Prometheus' text format."""
    return Response(resources.metrics.render() or b"", headers={"Content-Type": _TEXT_FORMAT})
