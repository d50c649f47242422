"""A run in this process: the whole service without HTTP."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backend.logs import configure_logs
from backend.resources import Resources, open_resources
from backend.runs.readers.replay import read_entry
from backend.runs.requests import RunRequest
from backend.settings import Settings
from backend.store.owner import LOCAL
from backend.store.runs.runs import Run
from backend.store.schema.run_values import RunOptions
from backend.store.schema.transitions import RESUMABLE, WAITING
from workflows.errors import Conflict
from workflows.formats.base import invalid_input
from workflows.messages.messages import Message
from workflows.models.budget.ledger import Caps

RunStarter = Callable[[Resources, Mapping[str, Any], RunOptions], Awaitable[Run]]
"""How a run is started from the body of a request."""


async def start_run(resources: Resources, body: Mapping[str, Any], options: RunOptions) -> Run:
    """Starts the run that `body` describes, in the form of `POST /api/v1/runs`."""
    run, _ = await resources.runs.start(LOCAL, RunRequest(body["format"], body["input"], options))
    return run


async def follow_local(
    settings: Settings, body: dict[str, Any], start: RunStarter = start_run, record_to: Path | None = None
) -> AsyncGenerator[Message]:
    """Starts a run and yields its messages.

    What its models say is kept in `record_to`, if that is given.

    Raises StorywireError when it can't start.
    """
    try:
        options = RunOptions.model_validate(body["options"])
    except ValidationError as error:
        raise invalid_input(error, "options") from None
    quiet = settings.model_copy(update={"log_level": "error", "shutdown_grace": 0})
    configure_logs(quiet)
    async with open_resources(quiet, record_to) as resources:
        run = await start(resources, body, options)
        async with aclosing(read_run(resources, run)) as messages:
            async for message in messages:
                yield message


async def follow_in_folder(settings: Settings, body: dict[str, Any], folder: Path) -> AsyncGenerator[Message]:
    """Yields the messages of the one run of a folder, which is started, resumed, or replayed if it is finished.

    Its log and checkpoints are in the folder too, so that nothing that is there is bought a second time.
    Raises StorywireError when it can't start, Conflict when the folder is another request's.
    """
    try:
        options = RunOptions.model_validate(body["options"])
    except ValidationError as error:
        raise invalid_input(error, "options") from None
    own = {"data_dir": folder / ".storywire", "database_url": None}
    quiet = settings.model_copy(update={"log_level": "error", "shutdown_grace": 0, **own})
    configure_logs(quiet)
    request = RunRequest(body["format"], body["input"], options, idempotency_key="folder")
    async with open_resources(quiet) as resources:
        try:
            run, _ = await resources.runs.start(LOCAL, request)
        except Conflict:
            raise Conflict(
                f"{folder} holds a run that was asked for otherwise. Give the same options, or another folder."
            ) from None
        await resources.recovery.recover()  # if its process was killed
        if run.status in RESUMABLE:
            run = await resources.runs.resume(LOCAL, run.id)
        async with aclosing(read_run(resources, run)) as messages:
            async for message in messages:
                yield message


async def resume_local(
    settings: Settings, run_id: str, budget: float | None = None
) -> AsyncGenerator[Message]:
    """Resumes a run, with `budget` US dollars from now on, and yields all of its messages.

    Raises NotFound, Conflict, InvalidInput.
    """
    quiet = settings.model_copy(update={"log_level": "error", "shutdown_grace": 0})
    configure_logs(quiet)
    async with open_resources(quiet) as resources:
        # A user of the command line may open any file, so a run that played a recording continues with it.
        resources.models.trust((await resources.queries.find(LOCAL, run_id)).model)
        run = await resources.runs.resume(LOCAL, run_id, Caps(budget_usd=budget))
        async with aclosing(read_run(resources, run)) as messages:
            async for message in messages:
                yield message


async def read_run(resources: Resources, run: Run) -> AsyncGenerator[Message]:
    """Yields the run's messages, to its last one or to the question that a person must answer.

    If the reader leaves before that, the run is cancelled: nobody else waits for it.
    """
    finished = False
    try:
        async with aclosing(resources.queries.follow(run, resources.queries.reader(run, 0))) as batches:
            async for batch in batches:
                for entry in batch:
                    if (message := read_entry(run.id, entry)) is not None:
                        yield message
                # Questions that a person has answered are in the log too: the run's status decides.
                if any(entry.type == "input_required" for entry in batch) and await _waits(resources, run):
                    break
        finished = True
    finally:
        if not finished:
            await resources.engine.cancel(run)
        else:
            await resources.engine.settle(run.id)


async def _waits(resources: Resources, run: Run) -> bool:
    return (await resources.queries.find(LOCAL, run.id)).status == WAITING
