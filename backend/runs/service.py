"""What can be done with runs: the use cases, as the HTTP layer and the command line call them."""

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from langgraph.checkpoint.base import BaseCheckpointSaver
from pydantic import BaseModel
from ulid import ULID

from backend.log.base import RunLog
from backend.log.entry import Entry
from backend.runs.admission.options import RunOptions, check_room, with_caps
from backend.runs.admission.plan_edit import check_outline
from backend.runs.admission.quota import Quota
from backend.runs.admission.quote import Quote, make_quote
from backend.runs.admission.validation import Admission
from backend.runs.attempt.recording import Recorder
from backend.runs.attempt.version_seed import Origin, VersionWish, origin_of
from backend.runs.engine.cancellation import Stopping
from backend.runs.engine.inline import InlineExecution
from backend.runs.engine.liveness import Presence
from backend.runs.engine.orphans import Orphans
from backend.runs.readers.audience import Readership
from backend.runs.readers.reader import Reader, open_reader
from backend.runs.readers.replay import replay
from backend.runs.results.cache import ResultCache
from backend.store.runs import FINISHED, Run, RunRepository, new_run
from backend.streaming.views import Granularity, Order
from backend.tasks import Background
from backend.telemetry.metrics import Measures
from workflows.errors import BudgetExceeded, Conflict, NotFound
from workflows.formats.defaults import series_of
from workflows.messages.transcript import Transcript
from workflows.models.budget.ledger import Caps
from workflows.models.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What somebody asks for: checked field by field before anything is stored or spent."""

    format: str
    input: Mapping[str, Any]
    options: RunOptions = field(default_factory=RunOptions)
    idempotency_key: str | None = None
    origin: Origin | None = None


class Runs:
    """Every use case. `owner` is whose runs: another's are not found."""

    def __init__(
        self,
        *,
        admission: Admission,
        repository: RunRepository,
        log: RunLog,
        checkpoints: BaseCheckpointSaver[Any],
        execution: InlineExecution,
        presence: Presence,
        measures: Measures,
        disconnect_grace: float,
        cache: ResultCache,
        quota: Quota,
        max_resumes: int,
        background: Background,
        recorder: Recorder | None = None,
    ) -> None:
        """A run is taken up `max_resumes` times from a process that died, unless it gets on meanwhile."""
        self._max_resumes = max_resumes
        self._admission = admission
        self._repository = repository
        self._log = log
        self._checkpoints = checkpoints
        self._execution = execution
        self._presence = presence
        self._cache = cache
        self._quota = quota
        self._measures = measures
        self._recorder = recorder
        self._readership = Readership(disconnect_grace, self._nobody_reads)
        self._stopping = Stopping(repository, execution, presence)
        self._background = background
        self._orphans = Orphans(presence, execution)

    async def start(self, owner: str, request: RunRequest) -> tuple[Run, bool]:
        """A new run and True, or the one that this idempotency key started before and False.

        Raises InvalidInput, NotFound (what the input refers to), ModelNotConfigured, Conflict (another request
        with the same key, or a place in a series that is taken), QuotaExceeded, Overloaded.
        """
        format = self._admission.format(request.format)
        given = format.parse(request.input)
        fingerprint = _fingerprint(format.name, given, request)
        if request.idempotency_key and (
            known := await self._known(owner, request.idempotency_key, fingerprint)
        ):
            return known, False
        if request.origin is None:  # the input of a version is resolved already
            given = await self._admission.resolve(owner, format, given)
        model, options = self._admission.settle(format, given, request.options)
        # A version of a chapter stands beside the story: the chapter keeps its place.
        series, part = (series_of(format, given) if request.origin is None else None) or (None, None)
        asked = {
            "id": str(ULID()),
            "owner": owner,
            "format": format.name,
            "model": str(model),
            "input": given.model_dump(mode="json"),
            "options": options.model_dump(),
            "process": self._presence.id,
            "idempotency_key": request.idempotency_key,
            "request_hash": fingerprint,
            "series": series,
            "part": part,
            **(request.origin.columns() if request.origin else {}),
        }
        if (run := await self._add(asked)) is not None:
            return run, True
        # The same came in twice at the same moment, and the other was quicker.
        if request.idempotency_key and (
            known := await self._known(owner, request.idempotency_key, fingerprint)
        ):
            return known, False
        raise Conflict(f"Part {part} of this series is being written by another run.")

    async def versions(self, owner: str, run_id: str) -> list[Run]:
        """The run, what it was made of, and what was made of it, the oldest first. Raises NotFound."""
        run = await self.find(owner, run_id)
        return await self._repository.versions(owner, run.root_run_id or run.id)

    async def new_version(self, owner: str, run_id: str, wish: VersionWish) -> tuple[Run, bool]:
        """A version of a completed run, as a run of its own; as `start`.

        Raises Conflict while the run isn't complete, InvalidInput for a section that it hasn't, or for
        feedback that isn't fit for its readers.
        """
        parent = await self.find(owner, run_id)
        self._admission.format_of(parent)
        origin = origin_of(parent, wish)
        if wish.feedback is not None:
            self._admission.check_safety(parent, {"feedback": wish.feedback}, "")
        options = RunOptions.model_validate(
            {**parent.options, "model": wish.model or parent.model, "review_outline": False}
        )
        request = RunRequest(parent.format, parent.input, options, wish.idempotency_key, origin)
        return await self.start(owner, request)

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
        await self._execution.settle()
        return await self._repository.page(owner, before=before, limit=limit, status=status, format=format)

    async def parts(self, owner: str, series: Sequence[str]) -> list[Run]:
        """The runs that are, or were to be, parts of these series; by part, older tries first."""
        await self._execution.settle()
        return await self._repository.parts(owner, series)

    async def transcript(self, run: Run) -> Transcript:
        """The text and the numbers so far, as a reader has them."""
        transcript, _ = await replay(self._log, run.id)
        return transcript

    def reader(
        self, run: Run, cursor: int, order: Order = "live", granularity: Granularity = "token"
    ) -> Reader:
        """A reader of the run from after `cursor`."""
        return open_reader(
            self._log, run.id, cursor, lifted_seq=run.lifted_seq, order=order, granularity=granularity
        )

    async def follow(self, run: Run, reader: Reader) -> AsyncGenerator[list[Entry]]:
        """Batches of messages as they come, until the run's last one."""
        with self._readership.reading(run.id):
            while (batch := await reader.poll()) is not None:
                if batch:
                    yield batch
                else:
                    await reader.wait()

    async def wait(self, owner: str, run: Run) -> Run:
        """The run when it is over, or waits for a person."""
        if run.status in FINISHED:
            return await self.find(owner, run.id)
        reader, asked = self.reader(run, 0), False
        with self._readership.reading(run.id):
            while (batch := await reader.poll()) is not None:
                asked |= any(entry.type == "input_required" for entry in batch)
                # Another process may have told the question, and not stored yet that it waits.
                if asked and (run := await self.find(owner, run.id)).status == "waiting":
                    return run
                if not batch:
                    await reader.wait()
        return await self.find(owner, run.id)

    async def cancel(self, owner: str, run_id: str) -> Run:
        """Stops the run wherever it executes. Cancelling it twice is harmless; raises Conflict if it has ended,
        Overloaded if it can't be stopped now."""
        run = await self.find(owner, run_id)
        if run.status in FINISHED and run.status != "cancelled":
            raise Conflict(f"The run is {run.status}: there is nothing to cancel.")
        await self._stopping.stop(run)
        return await self.find(owner, run_id)

    async def resume(self, owner: str, run_id: str, caps: Caps | None = None) -> Run:
        """Goes on from the last finished section of a failed or cancelled run.

        `caps` say what the run may spend from now on, with what it has spent already; what they leave out
        stays. Raises InvalidInput (caps that are reached already), Conflict, QuotaExceeded (for a run that didn't
        count so far), Overloaded.
        """
        run = await self.find(owner, run_id)
        if run.status not in ("failed", "cancelled"):
            raise Conflict(f"The run is {run.status}: only a failed or cancelled run can be resumed.")
        if run.error is not None and not run.error["resumable"]:
            raise Conflict(f"The run ended with {run.error['code']} and can't go on; start a new one.")
        self._admission.format_of(run)
        self._admission.models.check(run.model)
        if run.series is not None and run.part is not None:
            await self._check_place(owner, run.series, run.part)
        before = RunOptions.model_validate(run.options)
        options = with_caps(before, caps or Caps())
        self._admission.check_budget(options.budget_usd, ModelSpec.parse(run.model))
        used_up = run.error is not None and run.error["code"] == BudgetExceeded.code
        check_room(options, before, (await self.transcript(run)).usage, used_up=used_up)
        return await self._take(replace(run, options=options.model_dump()))

    async def quote(self, owner: str, run_id: str) -> Quote:
        """What is left of a run and about what it will cost. Raises NotFound, Conflict for a complete one."""
        run = await self.find(owner, run_id)
        if run.status == "completed":
            raise Conflict("The run is complete: there is nothing left to write.")
        price = self._admission.prices.find(ModelSpec.parse(run.model))
        return make_quote(run, await self.transcript(run), price)

    async def answer(self, owner: str, run_id: str, outline: Mapping[str, Any]) -> Run:
        """Goes on with the plan as a person edited it. Raises InvalidInput, Conflict."""
        run = await self.find(owner, run_id)
        edited = check_outline(outline)
        self._admission.check_safety(run, edited, "outline.")
        with self._execution.room():
            if run.status != "waiting" or not await self._repository.answer(run, self._presence.id, edited):
                raise Conflict(f"The run is {run.status}: it doesn't wait for an answer.")
            run = replace(run, status="running", process=self._presence.id, answer=edited)
            self._submit(run)
        await self._execution.begun(run.id)
        return run

    async def delete(self, owner: str, run_id: str) -> None:
        """Removes the run, its text, its log, its checkpoints and its recording; stops it first if need be.

        Raises Overloaded if it can't be stopped now: then it is all there still.
        """
        run = await self.find(owner, run_id)
        await self._stopping.stop(run)
        await self._checkpoints.adelete_thread(run_id)
        if self._recorder is not None:
            self._recorder.delete(run_id)
        await self._repository.delete(owner, run_id)

    async def recover(self) -> int:
        """Goes on with every run that nobody executes, because its process is gone. Returns how many.

        One whose processes died too often in a row, without a section that was finished, is ended instead.
        """
        found = []
        for run in await self._repository.unfinished():
            if not self._execution.accepts:
                break  # the others at the next look
            if not self._orphans.is_one(run):
                continue
            deaths = run.deaths + self._orphans.is_of_the_dead(run)
            if run.format in self._admission.formats and await self._repository.claim(
                run, self._presence.id, deaths=deaths
            ):
                self._submit(replace(run, process=self._presence.id, deaths=deaths))
                if deaths > self._max_resumes:
                    await self._execution.stop(run.id, "given_up")
                    continue
                self._measures.recovered("stop" if run.process is None else "crash")
                found.append(run.id)
        for run_id in found:
            await self._execution.begun(run_id)
        return len(found)

    @property
    def readers(self) -> int:
        """Readers connected to this process."""
        return self._readership.count

    async def _known(self, owner: str, key: str, fingerprint: str) -> Run | None:
        run = await self._repository.find_by_key(owner, key)
        if run is not None and run.request_hash != fingerprint:
            raise Conflict("This Idempotency-Key was used with another request.")
        return run

    async def _add(self, asked: Mapping[str, Any]) -> Run | None:
        """Stores and begins the run; None if the same is there already."""
        new = new_run(asked)
        answered = False
        if self._quota.limits(new.format):
            # Whoever has read that a run failed has its seat back.
            await self.page(new.owner, limit=100, status="running", format=new.format)
            answered = await self._cache.is_likely(new)
        with self._quota.seat(new, answered=answered) as limit, self._execution.room():
            run = await self._repository.add({**asked, "created_at": new.created_at}, limit)
            if run is None:
                self._quota.forget(new.id)
            else:
                self._submit(run)
            return run

    async def _check_place(self, owner: str, series: str, part: int) -> None:
        if (other := await self._repository.find_part(owner, series, part)) is not None:
            raise Conflict(f"Run {other.id} has taken its place since: the story went on another way.")

    async def _take(self, run: Run) -> Run:
        with self._quota.seat(run) as limit, self._execution.room():
            if not await self._repository.claim(run, self._presence.id, afresh=True, limit=limit):
                raise Conflict("Somebody else resumed the run at this moment.")
            run = await self.find(run.owner, run.id)
            self._submit(run)
        await self._execution.begun(run.id)
        return run

    def _submit(self, run: Run) -> None:
        if run.options.get("on_disconnect") == "cancel":
            self._readership.watch(run.id)
        self._execution.submit(run, when_done=lambda: self._forget(run.id))

    def _forget(self, run_id: str) -> None:
        self._readership.forget(run_id)
        self._quota.forget(run_id)

    def _nobody_reads(self, run_id: str) -> None:
        self._background.do(lambda: self._execution.stop(run_id), name="leaving")


def _fingerprint(format: str, given: BaseModel, request: RunRequest) -> str:
    """The same for the same request: what an idempotency key is compared by."""
    body = {
        "format": format,
        "input": given.model_dump(mode="json"),
        "options": request.options.model_dump(),
        **({"origin": request.origin.columns()} if request.origin else {}),
    }
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
