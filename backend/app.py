"""The service, as a table of contents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from fastapi import FastAPI

from backend import version
from backend.api import (
    catalogue,
    children,
    creator_scripts,
    diagnostics,
    documents,
    exports,
    generate,
    health,
    metrics,
    page,
    personas,
    quotas,
    runs,
    safety,
    sessions,
    shares,
    usage,
    versions,
)
from backend.api.limits import BodyLimit
from backend.api.measuring import Measuring
from backend.api.origins import OwnSite
from backend.api.problems import add_problem_handlers
from backend.resources import open_resources
from backend.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The ASGI application. Opens its resources when it starts, closes them when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as resources:
            app.state.resources = resources
            async with resources.recovery.running() if settings.resume_on_start else nullcontext():
                yield

    app = FastAPI(
        title="Storywire",
        summary="Long text from language models, streamed so that nothing breaks.",
        version=version.VERSION,
        lifespan=lifespan,
        # FastAPI's own pages load scripts from other hosts; the description itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(OwnSite, listens_on=settings.host, allowed_hosts=settings.host_names)
    app.add_middleware(
        BodyLimit, max_bytes=settings.max_body_bytes, own={documents.PATH: documents.body_limit(settings)}
    )
    if settings.metrics:
        app.add_middleware(Measuring)
        app.include_router(metrics.router)
    add_problem_handlers(app)
    app.include_router(runs.router)
    app.include_router(exports.router)
    app.include_router(versions.router)
    app.include_router(shares.router)
    app.include_router(shares.public)
    app.include_router(personas.router)
    app.include_router(children.router)
    app.include_router(sessions.router)
    app.include_router(generate.router)
    app.include_router(documents.router)
    app.include_router(catalogue.router)
    app.include_router(creator_scripts.router)
    app.include_router(quotas.router)
    app.include_router(safety.router)
    app.include_router(usage.router)
    app.include_router(diagnostics.router)
    app.include_router(health.router)
    app.include_router(page.router)
    page.mount_static(app)
    return app
