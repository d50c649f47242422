"""What routes ask for."""

from typing import Annotated

from fastapi import Depends, Header, Query, Request

from backend.resources import Resources
from backend.runs.service import Runs
from backend.settings import Settings
from backend.stories.children import Children
from backend.stories.sessions import Sessions
from backend.streaming.sse import parse_event_id
from backend.streaming.views import Granularity, Order, number_in_view
from workflows.errors import FieldError, InvalidInput


def get_resources(request: Request) -> Resources:
    """What `create_app` opened."""
    resources: Resources = request.app.state.resources
    return resources


def get_runs(resources: Annotated[Resources, Depends(get_resources)]) -> Runs:
    """The use cases."""
    return resources.runs


def get_settings(resources: Annotated[Resources, Depends(get_resources)]) -> Settings:
    """The settings."""
    return resources.settings


def get_owner() -> str:
    """Who is calling. With `auth=local` everybody who reaches the port is the one local account."""
    return "local"


def get_view(
    order: Annotated[Order, Query(description="reading: one section after another")] = "live",
    granularity: Annotated[Granularity, Query(description="Size of the chunks")] = "token",
) -> tuple[Order, Granularity]:
    """How the messages of a run are to be ordered and cut."""
    return order, granularity


def get_event_id(
    view: Annotated[tuple[Order, Granularity], Depends(get_view)],
    last_event_id: Annotated[
        str | None, Query(description="As the header, for clients that can't set one")
    ] = None,
    header: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> tuple[str, int] | None:
    """Run id of the last message received, and its number in the view that is asked for. The header wins: a browser
    keeps it up to date. Raises InvalidInput for an id of another view."""
    # An empty header is what some clients send before the first message.
    given = header or last_event_id
    if not given:
        return None
    try:
        run_id, number = parse_event_id(given)
        return run_id, number_in_view(number, *view)
    except ValueError as error:
        raise InvalidInput(f"last_event_id: {error}", (FieldError("last_event_id", str(error)),)) from None


def get_children(resources: Annotated[Resources, Depends(get_resources)]) -> Children:
    """The use cases of children."""
    return resources.children


def get_sessions(resources: Annotated[Resources, Depends(get_resources)]) -> Sessions:
    """The use cases of stories over chapters."""
    return resources.sessions


OwnerDep = Annotated[str, Depends(get_owner)]
RunsDep = Annotated[Runs, Depends(get_runs)]
ChildrenDep = Annotated[Children, Depends(get_children)]
SessionsDep = Annotated[Sessions, Depends(get_sessions)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
ResourcesDep = Annotated[Resources, Depends(get_resources)]
ViewDep = Annotated[tuple[Order, Granularity], Depends(get_view)]
EventIdDep = Annotated[tuple[str, int] | None, Depends(get_event_id)]
