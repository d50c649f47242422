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
from workflows.formats.base import invalid_input

OWNER = "local"


async def follow_local(
    settings: Settings, body: dict[str, Any], record_to: Path | None = None
) -> AsyncGenerator[Message]:
    """Starts the run and yields its messages; what its models say is kept in `record_to`, if that is given.

    Raises StorywireError when it can't start.
    """
    try:
        options = RunOptions.model_validate(body["options"])
    except ValidationError as error:
        raise invalid_input(error, "options") from None
    quiet = settings.model_copy(update={"log_level": "error", "shutdown_grace": 0})
    configure_logs(quiet)
    async with open_resources(quiet, record_to) as resources:
        run, _ = await resources.runs.start(OWNER, RunRequest(body["format"], body["input"], options))
        async with aclosing(read_run(resources, run)) as messages:
            async for message in messages:
                yield message


async def resume_local(settings: Settings, run_id: str) -> AsyncGenerator[Message]:
    """Goes on with a run and yields all of its messages. Raises NotFound, Conflict."""
    quiet = settings.model_copy(update={"log_level": "error", "shutdown_grace": 0})
    configure_logs(quiet)
    async with open_resources(quiet) as resources:
        # Who types a command may open any file, so a run that played a recording goes on with it.
        resources.models.trust((await resources.runs.find(OWNER, run_id)).model)
        run = await resources.runs.resume(OWNER, run_id)
        async with aclosing(read_run(resources, run)) as messages:
            async for message in messages:
                yield message


async def read_run(resources: Resources, run: Run) -> AsyncGenerator[Message]:
    """The run's messages, to its last one or to the question at which it waits for a person.

    If the reader leaves before that, the run is cancelled: nobody else waits for it.
    """
    finished = False
    try:
        async with aclosing(resources.runs.follow(run, resources.runs.reader(run, 0))) as batches:
            async for batch in batches:
                for entry in batch:
                    yield decode(entry.data)
                # What a person was asked and has answered stands in the log too: how the run is counts.
                if any(entry.type == "input_required" for entry in batch) and await _waits(resources, run):
                    break
        finished = True
    finally:
        if not finished:
            await resources.execution.stop(run.id)
        else:
            await resources.execution.settle(run.id)


async def _waits(resources: Resources, run: Run) -> bool:
    return (await resources.runs.find(OWNER, run.id)).status == "waiting"
