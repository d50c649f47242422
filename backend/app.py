"""The service's application: lifespan, middleware and routes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from functools import partial

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from backend import version
from backend.api import catalogue, documents, page, quotas, safety, usage
from backend.api.accounts import account, admin, keys, login, tickets
from backend.api.accounts import page as account_page
from backend.api.monitoring import diagnostics, health, metrics
from backend.api.monitoring.measuring import Measuring
from backend.api.problems import add_problem_handlers
from backend.api.runs import exports, generate, places, runs, shares, versions
from backend.api.schema import reference
from backend.api.schema.openapi import describe
from backend.api.security.access import Access
from backend.api.security.headers import SecurityHeaders, security_headers
from backend.api.security.limits import AddressLimit, BodyLimit
from backend.api.security.origins import CROSS_ORIGIN, OwnSite
from backend.api.security.patience import AnswersInTime
from backend.api.wires import ag_ui, chat, durable_runs, langgraph
from backend.extensions.base import HasRoutes
from backend.notifier import Notifier
from backend.plugins import list_extensions
from backend.resources import open_resources
from backend.settings import Settings


def _routes_of(*routers: APIRouter) -> list[BaseRoute]:
    """Routes that all applications of a process share: what FastAPI works out of each when it is first asked for one
    takes long, and is the same in all of them."""
    together = APIRouter()
    for router in routers:
        together.include_router(router)
    return together.routes


_METRICS = _routes_of(metrics.router)
_OWN = _routes_of(
    runs.router,
    durable_runs.router,
    langgraph.router,
    exports.router,
    places.router,
    versions.router,
    shares.router,
    shares.listed,
    shares.public,
    documents.router,
    catalogue.router,
    safety.router,
    usage.router,
    diagnostics.router,
    login.router,
    account.router,
    keys.router,
    tickets.router,
    admin.router,
    account_page.router,
    health.router,
    page.router,
    reference.router,
)
# Their addresses begin with any format's name, so they come last.
_OF_FORMATS = _routes_of(ag_ui.router, generate.router, chat.router, quotas.router)


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
        # FastAPI's own pages load scripts from other hosts; ours is `reference.py`.
        docs_url=None,
        redoc_url=None,
    )
    app.state.measured_streams = set()
    app.state.thread_notifier = Notifier()
    headers = app.state.security_headers = security_headers(settings)
    _add_middleware(app, settings, headers)
    add_problem_handlers(app, headers)
    _include_routers(app, settings)
    page.mount_static(app)
    app.openapi = partial(describe, app, settings)  # type: ignore[method-assign]  # FastAPI's own way to replace it
    return app


def _add_middleware(app: FastAPI, settings: Settings, headers: Mapping[str, str]) -> None:
    """From the innermost to the outermost."""
    app.add_middleware(Access, settings=settings)
    app.add_middleware(AnswersInTime)  # to the question who calls, too
    app.add_middleware(
        BodyLimit, max_bytes=settings.max_body_bytes, own={documents.PATH: documents.body_limit(settings)}
    )
    app.add_middleware(AddressLimit)
    # Outside of all that refuses listed origins' requests: their pages may read why.
    if settings.allowed_origins:
        app.add_middleware(CORSMiddleware, **CROSS_ORIGIN, allow_origins=settings.allowed_origins)
    app.add_middleware(
        OwnSite,
        names=settings.host_names | {settings.host},
        origins=settings.allowed_origins,
        own_origin=settings.public_url if settings.has_accounts else None,
    )
    # Before all that answer by themselves.
    app.add_middleware(SecurityHeaders, headers=headers)
    if settings.metrics:
        app.add_middleware(Measuring)


def _include_routers(app: FastAPI, settings: Settings) -> None:
    if settings.metrics:
        app.routes.extend(_METRICS)
    app.routes.extend(_OWN)
    for router in _list_extension_routers():
        app.include_router(router)
    app.routes.extend(_OF_FORMATS)


def _list_extension_routers() -> list[APIRouter]:
    extensions = list_extensions().values()
    return [router for each in extensions if isinstance(each, HasRoutes) for router in each.routers()]
