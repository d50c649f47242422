"""What can be done with runs: the use cases, as the HTTP layer and the command line call them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from langgraph.checkpoint.base import BaseCheckpointSaver
from pydantic import ValidationError
from ulid import ULID

from backend.log.entry import Entry
from backend.log.sql import SqlLog
from backend.runs.execution import InlineExecution
from backend.runs.options import RunOptions
from backend.runs.presence import Presence
from backend.runs.reader import Reader, open_reader
from backend.runs.readership import Readership
from backend.runs.replay import replay
from backend.store.runs import FINISHED, Run, RunRepository
from backend.streaming.chunks import OutlineData
from backend.streaming.transcript import Transcript
from backend.streaming.views import Granularity, Order
from workflows.errors import Conflict, FieldError, InvalidInput, NotFound, Overloaded
from workflows.formats.base import AnyFormat, invalid_input
from workflows.models.catalog import ModelCatalog
from workflows.safety.book import PolicyBook
from workflows.safety.check import first_refused_field


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What somebody asks for: checked field by field before anything is stored or spent."""

    format: str
    input: Mapping[str, Any]
    options: RunOptions = field(default_factory=RunOptions)
    idempotency_key: str | None = None

    def fingerprint(self) -> str:
        """The same for the same request: what an idempotency key is compared by."""
        body = {"format": self.format, "input": self.input, "options": self.options.model_dump()}
        return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Runs:
    """Every use case. `owner` is whose runs: another's are not found."""

    def __init__(
        self,
        *,
        formats: Mapping[str, AnyFormat],
        models: ModelCatalog,
        policies: PolicyBook,
        repository: RunRepository,
        log: SqlLog,
        checkpoints: BaseCheckpointSaver[Any],
        execution: InlineExecution,
        presence: Presence,
        disconnect_grace: float,
    ) -> None:
        self._formats = formats
        self._models = models
        self._policies = policies
        self._repository = repository
        self._log = log
        self._checkpoints = checkpoints
        self._execution = execution
        self._presence = presence
        self._readership = Readership(disconnect_grace, self._nobody_reads)
        self._stopping: set[asyncio.Task[bool]] = set()

    async def start(self, owner: str, request: RunRequest) -> tuple[Run, bool]:
        """A new run and True, or the one that this idempotency key started before and False.

        Raises InvalidInput, ModelNotConfigured, Conflict (another request with the same key), Overloaded.
        """
        if request.idempotency_key and (known := await self._known(owner, request)) is not None:
            return known, False
        format = self._format(request.format)
        given = format.parse(request.input)
        model = self._models.resolve(request.options.model)
        format.check_model(given, model)
        self._check_room()
        run = await self._repository.add(
            {
                "id": str(ULID()),
                "owner": owner,
                "format": format.name,
                "model": str(model),
                "input": given.model_dump(mode="json"),
                "options": request.options.model_dump(),
                "process": self._presence.id,
                "idempotency_key": request.idempotency_key,
                "request_hash": request.fingerprint(),
            }
        )
        if run is None:  # the same key came in twice at the same moment, and the other was quicker
            known = await self._known(owner, request)
            assert known is not None
            return known, False
        self._submit(run)
        return run, True

    async def find(self, owner: str, run_id: str) -> Run:
        """Raises NotFound."""
        await self._execution.settle(run_id)
        run = await self._repository.find(owner, run_id)
        if run is None:
            raise NotFound(f"There is no run {run_id[:64]}.")
        return run

    async def page(
        self, owner: str, *, before: str | None = None, limit: int, status: str | None, format: str | None
    ) -> list[Run]:
        """The owner's runs, newest first."""
        return await self._repository.page(owner, before=before, limit=limit, status=status, format=format)

    async def transcript(self, run: Run) -> Transcript:
        """The text and the numbers so far, as a reader has them."""
        transcript, _ = await replay(self._log, run.id)
        return transcript

    def reader(
        self, run: Run, cursor: int, order: Order = "live", granularity: Granularity = "token"
    ) -> Reader:
        """A reader of the run from after `cursor`."""
        return open_reader(self._log, run.id, cursor, order=order, granularity=granularity)

    async def follow(self, run: Run, reader: Reader) -> AsyncIterator[list[Entry]]:
        """Batches of messages as they come, until the run's last one."""
        with self._readership.reading(run.id):
            while (batch := await reader.poll()) is not None:
                if batch:
                    yield batch
                else:
                    await reader.wait()

    async def wait(self, owner: str, run: Run) -> Run:
        """The run when it is over, or waits for a person."""
        if run.status not in FINISHED:
            async for _ in self.follow(run, self.reader(run, 0)):
                if (run := await self.find(owner, run.id)).status == "waiting":
                    return run
        return await self.find(owner, run.id)

    async def cancel(self, owner: str, run_id: str) -> Run:
        """Stops the run wherever it executes. Cancelling it twice is harmless; raises Conflict if it has ended."""
        run = await self.find(owner, run_id)
        if run.status == "cancelled":
            return run
        if run.status in FINISHED:
            raise Conflict(f"The run is {run.status}: there is nothing to cancel.")
        if not await self._execution.stop(run.id):
            await self._stop_elsewhere(run)
        return await self.find(owner, run_id)

    async def resume(self, owner: str, run_id: str) -> Run:
        """Goes on from the last finished section of a failed or cancelled run. Raises Conflict, Overloaded."""
        run = await self.find(owner, run_id)
        if run.status not in ("failed", "cancelled"):
            raise Conflict(f"The run is {run.status}: only a failed or cancelled run can be resumed.")
        if run.error is not None and not run.error["resumable"]:
            raise Conflict(f"The run ended with {run.error['code']} and can't go on; start a new one.")
        self._models.resolve(run.model)
        return await self._take(run)

    async def answer(self, owner: str, run_id: str, outline: Mapping[str, Any]) -> Run:
        """Goes on with the plan as a person edited it. Raises InvalidInput, Conflict."""
        run = await self.find(owner, run_id)
        edited = _edited_outline(outline)
        self._check_safety(run, edited)
        self._check_room()
        if run.status != "waiting" or not await self._repository.answer(run, self._presence.id, edited):
            raise Conflict(f"The run is {run.status}: it doesn't wait for an answer.")
        run = await self.find(owner, run_id)
        self._submit(run)
        await self._execution.begun(run.id)
        return run

    async def delete(self, owner: str, run_id: str) -> None:
        """Removes the run, its text, its log and its checkpoints; stops it first if it is going on."""
        run = await self.find(owner, run_id)
        if run.status not in FINISHED and not await self._execution.stop(run.id):
            await self._stop_elsewhere(run)
        await self._repository.delete(owner, run_id)
        await self._checkpoints.adelete_thread(run_id)

    async def recover(self) -> int:
        """Goes on with every run whose process is gone. Returns how many."""
        found = []
        for run in await self._repository.unfinished():
            if run.process is not None and self._presence.is_alive(run.process):
                continue
            if run.format in self._formats and await self._repository.claim(run, self._presence.id):
                self._submit(replace(run, process=self._presence.id))
                found.append(run.id)
        for run_id in found:
            await self._execution.begun(run_id)
        return len(found)

    @property
    def readers(self) -> int:
        """Readers connected to this process."""
        return self._readership.count

    async def _known(self, owner: str, request: RunRequest) -> Run | None:
        assert request.idempotency_key is not None
        run = await self._repository.find_by_key(owner, request.idempotency_key)
        if run is not None and run.request_hash != request.fingerprint():
            raise Conflict("This Idempotency-Key was used with another request.")
        return run

    def _format(self, name: str) -> AnyFormat:
        if name not in self._formats:
            message = f"there is no format {name[:64]!r}; there is {', '.join(sorted(self._formats))}"
            raise InvalidInput(f"format: {message}", (FieldError("format", message),))
        return self._formats[name]

    async def _take(self, run: Run) -> Run:
        self._check_room()
        if not await self._repository.claim(run, self._presence.id):
            raise Conflict("Somebody else resumed the run at this moment.")
        run = replace(run, status="running", process=self._presence.id, error=None, stop_requested=False)
        self._submit(run)
        await self._execution.begun(run.id)
        return run

    def _check_safety(self, run: Run, outline: dict[str, Any]) -> None:
        """A plan that isn't fit for its readers is sent back to who edited it: the run waits on."""
        format = self._format(run.format)
        policy = self._policies.apply(format.policy(format.parse(run.input)))
        if (refused := first_refused_field(policy, outline, "outline")) is not None:
            field, message = refused
            raise InvalidInput(f"{field}: {message}", (FieldError(field, message),))

    def _check_room(self) -> None:
        if not self._execution.accepts:
            raise Overloaded("As many runs as may are going on already; try again in a few seconds.")

    def _submit(self, run: Run) -> None:
        if run.options.get("on_disconnect") == "cancel":
            self._readership.watch(run.id)
        self._execution.submit(run, when_done=lambda: self._readership.forget(run.id))

    async def _stop_elsewhere(self, run: Run) -> None:
        """It isn't executed here: by another process, or by nobody."""
        if run.process is not None and self._presence.is_alive(run.process):
            await self._repository.update(run.id, stop_requested=True)
            reader = self.reader(run, 0)
            while await reader.poll() is not None:
                await reader.wait()
        elif await self._repository.claim(run, self._presence.id):
            self._execution.submit(replace(run, status="running"))
            await self._execution.stop(run.id)

    def _nobody_reads(self, run_id: str) -> None:
        task = asyncio.create_task(self._execution.stop(run_id), name=f"nobody reads {run_id}")
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)


def _edited_outline(outline: Mapping[str, Any]) -> dict[str, Any]:
    try:
        edited = OutlineData.model_validate(outline)
    except ValidationError as error:
        raise invalid_input(error, "outline") from None
    sections = edited.sections
    if not 1 <= len(sections) <= 50 or [section.index for section in sections] != list(range(len(sections))):
        message = "1 to 50 sections, numbered 0, 1, 2, … in order"
        raise InvalidInput(f"outline.sections: {message}", (FieldError("outline.sections", message),))
    for section in sections:
        if not 10 <= section.target_words <= 5000:
            field = f"outline.sections.{section.index}.target_words"
            raise InvalidInput(f"{field}: 10 to 5000 words", (FieldError(field, "10 to 5000 words"),))
    return edited.model_dump()
