"""`/api/v1/runs`: start, read, control and delete runs of any format."""

from dataclasses import asdict
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from backend.api.dependencies import (
    EventIdDep,
    Flag,
    OwnerDep,
    PageCursor,
    PageLimit,
    PrincipalDep,
    QueriesDep,
    ResourcesDep,
    RunId,
    RunsDep,
    SettingsDep,
    StreamOptionsDep,
)
from backend.api.leaving import unless_left
from backend.api.paging import page_of
from backend.api.problems import problem_of_run
from backend.api.runs.starts import Begin, RunStart, RunStartDep, check_ticket, run_headers
from backend.api.runs.streams import STREAM_RESPONSES, stream_response
from backend.api.runs.views import (
    RunPage,
    RunSummaryView,
    RunView,
    StartedRun,
    run_view,
    started_view,
    summary_view,
)
from backend.runs.admission.resume_quote import ResumeQuote
from backend.runs.requests import RunRequest
from backend.store.runs.runs import Run
from backend.store.schema.run_values import MAX_TOKENS, MAX_USD, RunOptions
from backend.store.schema.transitions import Status
from workflows.errors import Conflict
from workflows.models.budget.ledger import Caps
from workflows.text.json_values import JsonModel
from workflows.text.streams.normaliser import normalise

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])

_T = TypeVar("_T")


class StartBody(JsonModel):
    """Format, input and options of a new run."""

    format: str = Field(
        max_length=64, description="The format's name; GET /api/v1/formats lists them", examples=["story"]
    )
    input: dict[str, Any] = Field(description="The format's own input")
    options: RunOptions = Field(RunOptions(), description="How it is written; the defaults without it")


class StartQuoteView(BaseModel):
    """An estimate of a run that isn't started, and what the caller may still use; null where there is no limit."""

    format: str
    model: str
    words: int | None
    cost_usd_low: float | None
    cost_usd_high: float | None
    basis: Literal["measured", "assumed", "unknown"]
    budget_usd: float | None
    runs_left: int | None
    """This month: of this format, of the account or of the API key, whichever leaves least."""
    runs_left_today: int | None
    usd_left: float | None
    """This month."""


class ResumeBody(JsonModel):
    """Caps of a resumed run, over all of its attempts. Those left out stay."""

    budget_usd: float | None = Field(
        None, gt=0, le=MAX_USD, allow_inf_nan=False, description="US dollars, over all of the run's attempts"
    )
    max_output_tokens: int | None = Field(
        None, ge=1, le=MAX_TOKENS, description="Tokens that models may write, over all of the run's attempts"
    )


def _on_one_line(title: str) -> str:
    line = " ".join(normalise(title).split())
    if not line:
        raise ValueError("a title has a character at least")
    return line


class RunTitleBody(JsonModel):
    """A title of a run's own."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_on_one_line)] = (
        Field(description="What it is called")
    )


class AnswerBody(JsonModel):
    """Answer to a run that waits for a person."""

    outline: dict[str, Any] = Field(description="The plan as edited: {title, sections}")


@router.post("", status_code=201, response_model=StartedRun, responses=STREAM_RESPONSES)
async def start_run(
    body: StartBody,
    start: RunStartDep,
    wait: Annotated[Flag, Query(description="Wait for the end and return the finished result")] = False,
) -> Response:
    """Starts a run. With `Accept: text/event-stream` the reply is the stream itself; with `wait` it is the
    finished run, or a problem that says how it failed. With `Last-Event-ID` that run's stream is resumed."""

    async def begin(key: str | None) -> tuple[Run, bool]:
        return await start.runs.start(
            start.owner, RunRequest(body.format, body.input, start.with_timezone(body.options), key)
        )

    return await _wait(start, begin) if wait else await start.respond(begin)


async def _wait(start: RunStart, begin: Begin) -> Response:
    run, is_new = await start.find_or_begin(begin)
    ended = await unless_left(start.request, start.queries.wait(start.owner, run))
    headers = run_headers(ended)
    if (
        ended.error is not None
        and (refusal := problem_of_run(ended.id, ended.error.model_dump(), headers)) is not None
    ):
        return refusal
    view = run_view(ended, await start.queries.transcript(ended))
    return JSONResponse(view.model_dump(mode="json"), status_code=201 if is_new else 200, headers=headers)


@router.post("/quote")
async def quote_start(body: StartBody, owner: OwnerDep, resources: ResourcesDep) -> StartQuoteView:
    """About how long the text will be and what it will cost; refused as the start would be. Nothing is stored or
    spent."""
    quote, left = await resources.quotes.of_start(owner, RunRequest(body.format, body.input, body.options))
    return StartQuoteView(
        **asdict(quote), runs_left=left.runs, runs_left_today=left.runs_today, usd_left=left.usd
    )


@router.get("", response_model=RunPage)
async def list_runs(
    owner: OwnerDep,
    queries: QueriesDep,
    limit: PageLimit = 20,
    cursor: PageCursor = None,
    status: Annotated[Status | None, Query()] = None,
    format: Annotated[str | None, Query(max_length=64)] = None,
) -> RunPage:
    """The caller's runs, newest first."""
    found = await queries.page(owner, before=cursor, limit=limit + 1, status=status, format=format)
    page, next_cursor = page_of(found, limit, lambda run: run.id)
    return RunPage(runs=[summary_view(run) for run in page], next_cursor=next_cursor)


@router.get("/{run_id}", response_model=RunView)
async def get_run(run_id: RunId, owner: OwnerDep, queries: QueriesDep) -> RunView:
    """A run with its text so far."""
    run = await queries.find(owner, run_id)
    return run_view(run, await queries.transcript(run))


@router.get("/{run_id}/stream", response_class=Response, responses=STREAM_RESPONSES)
async def stream_run(
    run_id: RunId,
    principal: PrincipalDep,
    queries: QueriesDep,
    settings: SettingsDep,
    event_id: EventIdDep,
    options: StreamOptionsDep,
) -> Response:
    """The run's messages, from the start or from after `Last-Event-ID`."""
    run = await queries.find(principal.owner, run_id)
    check_ticket(principal, run)
    if event_id is not None and event_id[0] != run.id:
        raise Conflict(f"The Last-Event-ID belongs to another run than {run.id}.")
    cursor = event_id[1] if event_id else 0
    reader = queries.reader(run, cursor, options)
    return await stream_response(queries, run, reader, settings)


@router.post("/{run_id}/cancel", response_model=StartedRun)
async def cancel_run(run_id: RunId, owner: OwnerDep, runs: RunsDep) -> StartedRun:
    """Cancels the run; the text so far is kept."""
    return started_view(await runs.cancel(owner, run_id))


@router.post("/{run_id}/resume", status_code=202, response_model=StartedRun)
async def resume_run(
    run_id: RunId, owner: OwnerDep, runs: RunsDep, body: ResumeBody | None = None
) -> StartedRun:
    """Resumes the run after its last finished section."""
    more = body or ResumeBody()
    return started_view(await runs.resume(owner, run_id, Caps(more.budget_usd, more.max_output_tokens)))


@router.get("/{run_id}/resume-quote")
async def quote_run(run_id: RunId, owner: OwnerDep, resources: ResourcesDep) -> ResumeQuote:
    """The sections left to write, and their estimated cost."""
    return await resources.quotes.of_resume(owner, run_id)


@router.post("/{run_id}/input", status_code=202, response_model=StartedRun)
async def answer_run(run_id: RunId, body: AnswerBody, owner: OwnerDep, runs: RunsDep) -> StartedRun:
    """Answers the `input_required` of a waiting run."""
    return started_view(await runs.answer(owner, run_id, body.outline))


@router.patch("/{run_id}")
async def rename_run(run_id: RunId, body: RunTitleBody, owner: OwnerDep, runs: RunsDep) -> RunSummaryView:
    """Gives a run that has ended another title, in lists and in files."""
    return summary_view(await runs.rename(owner, run_id, body.title))


@router.delete("/{run_id}", status_code=204)
async def delete_run(run_id: RunId, owner: OwnerDep, runs: RunsDep) -> None:
    """Deletes the run, its text, its log and its checkpoints."""
    await runs.delete(owner, run_id)
