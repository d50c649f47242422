"""`/api/v1/stream-tickets`: what an `EventSource` shows in place of a header."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from backend.accounts.credentials.tickets import START_SECONDS
from backend.api.dependencies import PrincipalDep, ResourcesDep
from backend.api.security.routes_access import TICKETS
from backend.runs.requests import hash_request
from backend.store.schema.run_values import RunOptions
from workflows.errors import Forbidden
from workflows.text.json_values import JsonModel

router = APIRouter(prefix=TICKETS, tags=["log-in"])


class TicketBody(JsonModel):
    """A run to read, or a start: what the GET that follows will ask for, no more and no less."""

    run_id: str | None = Field(None, max_length=64, description="The run to read")
    format: str | None = Field(
        None, max_length=64, examples=["story"], description="The format of the run to start"
    )
    input: dict[str, Any] = Field(default_factory=dict, description="The format's input")
    options: RunOptions = Field(RunOptions(), description="The run's options")

    @model_validator(mode="after")
    def _check_one(self) -> "TicketBody":
        if (self.run_id is None) == (self.format is None):
            raise ValueError("either run_id, or format with its input, is expected")
        return self


class TicketView(BaseModel):
    """`token` goes into the address, `?token=`. It starts until `start_by`; after that it reads the run."""

    token: str
    start_by: datetime
    start_seconds: int = START_SECONDS


@router.post("", status_code=201)
async def make_ticket(body: TicketBody, principal: PrincipalDep, resources: ResourcesDep) -> TicketView:
    """A ticket. Raises as the start would for an input that isn't right."""
    tickets = resources.people.tickets
    if not resources.settings.has_accounts:
        ticket, token = tickets.for_nobody(principal)
    elif body.run_id is not None:
        _check_scope(principal.scopes, "runs:read")
        run = await resources.queries.find(principal.owner, body.run_id)
        ticket, token = await tickets.for_run(principal, run.id)
    else:
        _check_scope(principal.scopes, "runs:write")
        format = resources.runs.format(body.format or "")
        inputs = format.parse(body.input)
        hashed = hash_request(format.name, inputs, body.options)
        ticket, token = await tickets.for_start(principal, format.name, hashed)
    return TicketView(token=token, start_by=ticket.start_by)


def _check_scope(scopes: frozenset[str] | None, needed: str) -> None:
    if scopes is not None and needed not in scopes:
        raise Forbidden(f"This key lacks the scope {needed}.")
