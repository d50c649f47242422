"""A run in this process, with everything that a service has but HTTP."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backend.logs import configure_logs
from backend.resources import Resources, open_resources
from backend.runs.options import RunOptions
from backend.runs.runs import RunRequest
from backend.settings import Settings
from backend.store.runs import Run
from backend.streaming.chunks import Message, decode
from workflows.errors import Conflict
from workflows.formats.base import invalid_input

OWNER = "local"


async def follow_local(settings: Settings, body: dict[str, Any]) -> AsyncGenerator[Message]:
    """Starts the run and yields its messages. Raises StorywireError when it can't start."""
    try:
        options = RunOptions.model_validate(body["options"])
    except ValidationError as error:
        raise invalid_input(error, "options") from None
    quiet = settings.model_copy(update={"log_level": "error", "shutdown_grace": 0})
    configure_logs(quiet)
    async with open_resources(quiet) as resources:
        run, _ = await resources.runs.start(OWNER, RunRequest(body["format"], body["input"], options))
        async with aclosing(read_run(resources, run)) as messages:
            async for message in messages:
                yield message


async def follow_in_folder(settings: Settings, body: dict[str, Any], folder: Path) -> AsyncGenerator[Message]:
    """The one run that a folder is for: started, or gone on with, or told again if it is done.

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
            run, _ = await resources.runs.start(OWNER, request)
        except Conflict:
            raise Conflict(
                f"{folder} holds a run that was asked for otherwise. Give the same options, or another folder."
            ) from None
        await resources.runs.recover()  # if its process was killed
        if run.status in ("failed", "cancelled"):
            run = await resources.runs.resume(OWNER, run.id)
        async with aclosing(read_run(resources, run)) as messages:
            async for message in messages:
                yield message


async def resume_local(settings: Settings, run_id: str) -> AsyncGenerator[Message]:
    """Goes on with a run and yields all of its messages. Raises NotFound, Conflict."""
    quiet = settings.model_copy(update={"log_level": "error", "shutdown_grace": 0})
    configure_logs(quiet)
    async with open_resources(quiet) as resources:
        run = await resources.runs.resume(OWNER, run_id)
        async with aclosing(read_run(resources, run)) as messages:
            async for message in messages:
                yield message


async def read_run(resources: Resources, run: Run) -> AsyncGenerator[Message]:
    """The run's messages; if the reader leaves before the end, the run is cancelled: nobody else waits for it."""
    finished = False
    try:
        async with aclosing(resources.runs.follow(run, resources.runs.reader(run, 0))) as batches:
            async for batch in batches:
                for entry in batch:
                    yield decode(entry.data)
        finished = True
    finally:
        if not finished:
            await resources.execution.stop(run.id)
        else:
            await resources.execution.settle(run.id)
