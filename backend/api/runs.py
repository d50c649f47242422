"""`/api/v1/runs`: start, read, steer and remove runs of any format."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from backend.api.dependencies import EventIdDep, OwnerDep, QueriesDep, RunsDep, SettingsDep
from backend.api.problems import problem_of_run
from backend.api.streams import stream_response
from backend.api.views import RunPage, RunView, StartedRun, started, summary, whole
from backend.runs.admission.options import RunOptions
from backend.runs.admission.quote import Quote
from backend.runs.service import RunRequest
from backend.streaming.views import Granularity, Order
from workflows.errors import Conflict
from workflows.models.budget.ledger import Caps

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]
RunId = str
_T = TypeVar("_T")


class StartBody(BaseModel):
    """What to write, and how."""

    model_config = ConfigDict(extra="forbid")

    format: str = Field(description="The format's name; GET /api/v1/formats lists them", examples=["story"])
    input: dict[str, Any] = Field(description="The format's own input")
    options: RunOptions = Field(RunOptions(), description="How it is written; the defaults without it")


class ResumeBody(BaseModel):
    """What the run may spend from now on, with what it has spent already. What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    budget_usd: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="US dollars, over all of the run's attempts"
    )
    max_output_tokens: int | None = Field(
        None, ge=1, description="Tokens that models may write, over all of the run's attempts"
    )


class AnswerBody(BaseModel):
    """What a person says to a run that waits."""

    model_config = ConfigDict(extra="forbid")

    outline: dict[str, Any] = Field(description="The plan as edited: {title, sections}")


@router.post("", status_code=201, response_model=StartedRun)
async def start_run(
    body: StartBody,
    request: Request,
    owner: OwnerDep,
    runs: RunsDep,
    queries: QueriesDep,
    settings: SettingsDep,
    wait: Annotated[bool, Query(description="Wait for the end and return the finished result")] = False,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Starts a run. With `Accept: text/event-stream` the reply is the stream itself; with `wait` it is the
    finished run, or a problem that says how it failed."""
    run, is_new = await runs.start(owner, RunRequest(body.format, body.input, body.options, idempotency_key))
    status = 201 if is_new else 200
    if "text/event-stream" in request.headers.get("accept", ""):
        return await stream_response(queries, run, queries.reader(run, 0), settings)
    headers = {"Location": f"/api/v1/runs/{run.id}", "X-Run-Id": run.id}
    if wait:
        ended = await _unless_left(request, queries.wait(owner, run))
        if ended is None:
            return Response(status_code=204)  # to nobody
        run = ended
        if (
            run.error is not None
            and (refusal := problem_of_run(run.id, run.error.model_dump(), headers)) is not None
        ):
            return refusal
        view = whole(run, await queries.transcript(run))
        return JSONResponse(view.model_dump(mode="json"), status_code=status, headers=headers)
    return JSONResponse(started(run).model_dump(), status_code=status, headers=headers)


async def _unless_left(request: Request, work: Coroutine[Any, Any, _T]) -> _T | None:
    """What `work` brings; None if the client left before: then it is given up, as a reader who leaves is."""
    working, leaving = asyncio.create_task(work), asyncio.create_task(_leave(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait({working, leaving})


async def _leave(request: Request) -> None:
    """Returns when the client is gone. The body has been read by now."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


@router.get("", response_model=RunPage)
async def list_runs(
    owner: OwnerDep,
    queries: QueriesDep,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=26)] = None,
    status: Annotated[
        Literal["running", "waiting", "completed", "failed", "cancelled"] | None, Query()
    ] = None,
    format: Annotated[str | None, Query(max_length=64)] = None,
) -> RunPage:
    """The caller's runs, newest first."""
    page = await queries.page(owner, before=cursor, limit=limit + 1, status=status, format=format)
    more = len(page) > limit
    return RunPage(
        runs=[summary(run) for run in page[:limit]], next_cursor=page[limit - 1].id if more else None
    )


@router.get("/{run_id}", response_model=RunView)
async def get_run(run_id: RunId, owner: OwnerDep, queries: QueriesDep) -> RunView:
    """One run with its text so far."""
    run = await queries.find(owner, run_id)
    return whole(run, await queries.transcript(run))


@router.get("/{run_id}/stream", responses={200: {"content": {"text/event-stream": {}}}, 204: {}})
async def stream_run(
    run_id: RunId,
    owner: OwnerDep,
    queries: QueriesDep,
    settings: SettingsDep,
    event_id: EventIdDep,
    order: Annotated[Order, Query(description="reading: one section after another")] = "live",
    granularity: Annotated[Granularity, Query(description="Size of the chunks")] = "token",
) -> Response:
    """The run's messages, from the start or from after `Last-Event-ID`."""
    run = await queries.find(owner, run_id)
    if event_id is not None and event_id[0] != run.id:
        raise Conflict(f"The Last-Event-ID belongs to another run than {run.id}.")
    reader = queries.reader(run, event_id[1] if event_id else 0, order, granularity)
    return await stream_response(queries, run, reader, settings)


@router.post("/{run_id}/cancel", response_model=StartedRun)
async def cancel_run(run_id: RunId, owner: OwnerDep, runs: RunsDep) -> StartedRun:
    """Stops the run; the text so far is kept."""
    return started(await runs.cancel(owner, run_id))


@router.post("/{run_id}/resume", status_code=202, response_model=StartedRun)
async def resume_run(
    run_id: RunId, owner: OwnerDep, runs: RunsDep, body: ResumeBody | None = None
) -> StartedRun:
    """Goes on from the last finished section."""
    more = body or ResumeBody()
    return started(await runs.resume(owner, run_id, Caps(more.budget_usd, more.max_output_tokens)))


@router.get("/{run_id}/resume-quote")
async def quote_run(run_id: RunId, owner: OwnerDep, queries: QueriesDep) -> Quote:
    """What is left to write, and about what it will cost."""
    return await queries.quote(owner, run_id)


@router.post("/{run_id}/input", status_code=202, response_model=StartedRun)
async def answer_run(run_id: RunId, body: AnswerBody, owner: OwnerDep, runs: RunsDep) -> StartedRun:
    """Answers `input_required`."""
    return started(await runs.answer(owner, run_id, body.outline))


@router.delete("/{run_id}", status_code=204)
async def delete_run(run_id: RunId, owner: OwnerDep, runs: RunsDep) -> None:
    """Removes the run, its text, its log and its checkpoints."""
    await runs.delete(owner, run_id)
