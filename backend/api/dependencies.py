"""What routes ask for."""

from typing import Annotated

from fastapi import Depends, Header, Query, Request

from backend.resources import Resources
from backend.runs.queries import RunQueries
from backend.runs.service import RunService
from backend.settings import Settings
from backend.stories.children import Children
from backend.stories.sessions import Sessions
from backend.streaming.sse import parse_event_id
from workflows.errors import FieldError, InvalidInput


def get_resources(request: Request) -> Resources:
    """What `create_app` opened."""
    resources: Resources = request.app.state.resources
    return resources


def get_runs(resources: Annotated[Resources, Depends(get_resources)]) -> RunService:
    """Commands on runs."""
    return resources.runs


def get_queries(resources: Annotated[Resources, Depends(get_resources)]) -> RunQueries:
    """Reads of runs."""
    return resources.queries


def get_settings(resources: Annotated[Resources, Depends(get_resources)]) -> Settings:
    """The settings."""
    return resources.settings


def get_owner() -> str:
    """Who is calling. With `auth=local` everybody who reaches the port is the one local account."""
    return "local"


def get_event_id(
    last_event_id: Annotated[
        str | None, Query(description="As the header, for clients that can't set one")
    ] = None,
    header: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> tuple[str, int] | None:
    """Run id and number of the last message received. The header wins: a browser keeps it up to date."""
    # An empty header is what some clients send before the first message.
    given = header or last_event_id
    if not given:
        return None
    try:
        return parse_event_id(given)
    except ValueError as error:
        raise InvalidInput(f"last_event_id: {error}", (FieldError("last_event_id", str(error)),)) from None


def get_children(resources: Annotated[Resources, Depends(get_resources)]) -> Children:
    """The use cases of children."""
    return resources.children


def get_sessions(resources: Annotated[Resources, Depends(get_resources)]) -> Sessions:
    """The use cases of stories over chapters."""
    return resources.sessions


OwnerDep = Annotated[str, Depends(get_owner)]
RunsDep = Annotated[RunService, Depends(get_runs)]
QueriesDep = Annotated[RunQueries, Depends(get_queries)]
ChildrenDep = Annotated[Children, Depends(get_children)]
SessionsDep = Annotated[Sessions, Depends(get_sessions)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
ResourcesDep = Annotated[Resources, Depends(get_resources)]
EventIdDep = Annotated[tuple[str, int] | None, Depends(get_event_id)]
