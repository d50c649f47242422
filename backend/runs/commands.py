"""Commands on runs: start, new version, cancel, resume, answer, delete."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from ulid import ULID

from backend.runs.admission.caller import caller_key
from backend.runs.admission.caps import check_room, with_caps
from backend.runs.admission.plan_edit import check_outline
from backend.runs.admission.quota import Quota
from backend.runs.admission.resume_quote import make_resume_quote
from backend.runs.admission.validation import Admission
from backend.runs.deletion import RunDeletion
from backend.runs.engine.base import Engine
from backend.runs.formats import RunFormats
from backend.runs.queries import RunQueries
from backend.runs.requests import RunRequest, VersionRequest, hash_request, make_parentage
from backend.runs.results.cache import ResultCache
from backend.store.owner import Owner
from backend.store.references import Reference, checking, run_reference
from backend.store.runs.charges import Limit
from backend.store.runs.runs import NewRun, Run, RunRepository
from backend.store.schema.run_values import RunOptions
from backend.store.schema.transitions import CANCELLED, RESUMABLE
from backend.store.threads import ThreadPlace
from workflows.errors import BudgetExceeded, Conflict, Forbidden, Unauthenticated
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import series_of
from workflows.models.budget.ledger import Caps
from workflows.models.spec import ModelSpec


class RunCommands:
    """Commands on runs. Runs of another `owner` are not found."""

    def __init__(
        self,
        admission: Admission,
        repository: RunRepository,
        queries: RunQueries,
        engine: Engine,
        *,
        quota: Quota,
        cache: ResultCache,
        formats: RunFormats,
        deletion: RunDeletion,
    ) -> None:
        self._admission = admission
        self._repository = repository
        self._queries = queries
        self._engine = engine
        self._quota = quota
        self._cache = cache
        self._formats = formats
        self._deletion = deletion

    @property
    def queries(self) -> RunQueries:
        """Queries of the same runs."""
        return self._queries

    def format(self, name: str) -> AnyFormat:
        """Raises InvalidInput that lists what there is."""
        return self._admission.format(name)

    async def start(self, owner: Owner, request: RunRequest) -> tuple[Run, bool]:
        """A new run and True, or the one that this idempotency key started before and False.

        Raises InvalidInput, NotFound (what the input refers to), ModelNotConfigured, Conflict (another request
        with the same key, or a place in a series that is taken), QuotaExceeded, Overloaded; of a bound one Forbidden
        (another request) and Unauthenticated (too late).
        """
        format = self._admission.format(request.format)
        inputs = format.parse(request.input)
        request_hash = hash_request(format.name, inputs, request.options, request.parentage)
        if request.binding is not None and request.binding.request_hash != request_hash:
            raise Forbidden(
                "The stream ticket is for another request: format, input and options must be the same."
            )
        if (known := await self._find_known(owner, request.idempotency_key, request_hash)) is not None:
            return known, False
        if request.binding is not None and datetime.now(UTC) > request.binding.start_by:
            raise Unauthenticated("The stream ticket has expired before it started anything.")
        if request.parentage is None:  # the input of a version is resolved already
            inputs, references = await self._admission.resolve(owner, format, inputs)
        else:
            references = [run_reference(request.parentage.parent_run_id)]
        new = self._new_run(owner, request, format, inputs, request_hash)
        least = self._least_cost(request, format, inputs, new)
        with self._quota.reserve(new.format, least) as limit, self._engine.reserve_slot():
            if (run := await self._add(new, references, limit, request.place)) is not None:
                return run, True
        # The same came in twice at the same moment, and the other was quicker.
        if (known := await self._find_known(owner, request.idempotency_key, request_hash)) is not None:
            return known, False
        if request.place is not None:
            raise Conflict("Another run was started here at this moment.")
        raise Conflict(f"Part {new.part} of this series is being written by another run.")

    async def _add(
        self, new: NewRun, references: Sequence[Reference], limit: Limit, place: ThreadPlace | None
    ) -> Run | None:
        """The new run, stored in one transaction with the beginning of its log, and being executed. None: as the
        repository's `add`. Raises NotFound for what it refers to, where that was deleted since it was looked up."""
        since, opening = self._cache.kept_since(new.options), self._engine.open_log(new.id)
        also = checking(new.owner, references, None if opening is None else opening.store)
        run = await self._repository.add(new, limit=limit, kept_since=since, also=also, place=place)
        if run is not None:
            await self._engine.begin(run, opening)
        return run

    async def new_version(self, owner: Owner, run_id: str, request: VersionRequest) -> tuple[Run, bool]:
        """A version of a completed run, as a run of its own; as `start`.

        Raises Conflict while the run isn't complete, InvalidInput for a section that it hasn't, or for
        feedback that isn't fit for its readers.
        """
        parent = await self._queries.find(owner, run_id)
        self._admission.format_of(parent)
        parentage = make_parentage(parent, request)
        if request.feedback is not None:
            await self._check_safety(parent, {"feedback": request.feedback}, "")
        options = parent.options.model_copy(
            update={"model": request.model or parent.model, "review_outline": False}
        )
        return await self.start(
            owner, RunRequest(parent.format, parent.input, options, request.idempotency_key, parentage)
        )

    async def cancel(self, owner: Owner, run_id: str) -> Run:
        """Cancels the run wherever it executes. Idempotent; raises Conflict if it has ended, Overloaded if that is
        impossible now."""
        run = await self._queries.find(owner, run_id)
        if run.is_finished and run.status != CANCELLED:
            raise Conflict(f"The run is {run.status}: there is nothing to cancel.")
        cancelled = await self._engine.cancel(run)
        return cancelled or await self._queries.find(owner, run_id)

    async def resume(self, owner: Owner, run_id: str, caps: Caps | None = None) -> Run:
        """Resumes a failed or cancelled run after its last finished section.

        `caps` say what the run may spend from now on, with what it has spent already; what they leave out
        stays. Raises InvalidInput (caps that are reached already, a model that isn't allowed any more), Conflict,
        QuotaExceeded (for a run that didn't count so far), Overloaded.
        """
        run = await self._queries.find(owner, run_id)
        options, least = await self._check_resume(run, caps or Caps())
        with self._quota.reserve(run.format, least) as limit, self._engine.reserve_slot():
            since = self._cache.kept_since(options)
            if not await self._repository.resume(
                run, self._engine.process, options, limit=limit, kept_since=since
            ):
                raise Conflict("Somebody else resumed the run at this moment.")
            await self._engine.submit(run.id)
        run = await self._queries.find(owner, run_id)
        await self._engine.begun(run.id)
        return run

    async def answer(self, owner: Owner, run_id: str, outline: Mapping[str, Any]) -> Run:
        """Continues a waiting run with the plan as a person edited it. Raises InvalidInput, Conflict, and QuotaExceeded
        where the owner has as many runs under way as may be."""
        run = await self._queries.find(owner, run_id)
        edited = check_outline(outline)
        await self._check_safety(run, edited.model_dump(), "outline.")
        await self._formats.check_material(run)
        self._admission.check_allowed(ModelSpec.parse(run.model))
        with self._quota.reserve(run.format, 0.0) as limit, self._engine.reserve_slot():
            if not await self._repository.answer(run, self._engine.process, edited, limit=limit):
                raise Conflict(f"The run is {run.status}: it doesn't wait for an answer.")
            await self._engine.submit(run.id)
        run = await self._queries.find(owner, run_id)
        await self._engine.begun(run.id)
        return run

    async def rename(self, owner: Owner, run_id: str, title: str) -> Run:
        """The run with another title, in lists and files; the text itself stays. Raises Conflict while it goes on."""
        run = await self._queries.find(owner, run_id)
        if not await self._repository.rename(owner, run.id, title):
            raise Conflict(f"The run is {run.status}: it can be renamed once it has ended.")
        return await self._queries.find(owner, run_id)

    async def delete(self, owner: Owner, run_id: str) -> None:
        """Deletes the run with all that belongs to it; stops it first if it can. Its versions stay."""
        await self._deletion.delete(await self._queries.find(owner, run_id))

    def _new_run(
        self, owner: Owner, request: RunRequest, format: AnyFormat, inputs: BaseModel, request_hash: str
    ) -> NewRun:
        model, options = self._admission.apply_defaults(format, inputs, request.options)
        parents = request.parentage
        # A version of a chapter stands beside the story: the chapter keeps its place.
        series, part = (series_of(format, inputs) if parents is None else None) or (None, None)
        key = caller_key()
        new = NewRun(
            id=str(ULID()),
            owner=owner,
            format=format.name,
            model=str(model),
            input=inputs.model_dump(mode="json"),
            options=options,
            process=self._engine.process,
            idempotency_key=request.idempotency_key,
            request_hash=request_hash,
            series=series,
            part=part,
            key_id=None if key is None else key.id,
        )
        if parents is not None:
            new = replace(
                new,
                parent_run_id=parents.parent_run_id,
                root_run_id=parents.root_run_id,
                origin=parents.origin,
            )
        return replace(new, cache_key=self._formats.cache_key(new))

    def _least_cost(
        self, request: RunRequest, format: AnyFormat, inputs: BaseModel, new: NewRun
    ) -> float | None:
        """What a run costs at least; None where the request names a budget. A version has its parent's, and may be of
        one section."""
        if request.parentage is not None:
            return 0.0
        if request.options.budget_usd is not None:
            return None
        return self._admission.least_cost(format, inputs, ModelSpec.parse(new.model))

    async def _check_resume(self, run: Run, caps: Caps) -> tuple[RunOptions, float | None]:
        """The options of the resumed run, and what the rest costs at least, None where `caps` name a budget. Raises as
        `resume` does."""
        if run.status not in RESUMABLE:
            raise Conflict(f"The run is {run.status}: only a failed or cancelled run can be resumed.")
        if run.error is not None and not run.error.resumable:
            raise Conflict(f"The run ended with {run.error.code} and can't go on; start a new one.")
        await self._formats.check_material(run)
        self._admission.models.check(run.model)
        self._admission.check_allowed(ModelSpec.parse(run.model))
        if run.series is not None and run.part is not None:
            await self._check_place(run.owner, run.series, run.part)
        options = with_caps(run.options, caps)
        self._admission.check_budget(options.budget_usd, ModelSpec.parse(run.model))
        used_up = run.error is not None and run.error.code == BudgetExceeded.code
        transcript = await self._queries.transcript(run)
        check_room(options, run.options, transcript.usage, used_up=used_up)
        if caps.budget_usd is not None:
            return options, None
        price = self._admission.prices.find(ModelSpec.parse(run.model))
        return options, make_resume_quote(run, transcript, price).cost_usd_low or 0.0

    async def _check_safety(self, run: Run, said: dict[str, Any], root: str) -> None:
        """As the admission's; in a thread, since a plan may be long, and a policy's first check builds its lexicons."""
        await asyncio.to_thread(self._admission.check_safety, run, said, root)

    async def _check_place(self, owner: Owner, series: str, part: int) -> None:
        if (other := await self._repository.find_part(owner, series, part)) is not None:
            raise Conflict(f"Run {other.id} has taken its place since: the story went on another way.")

    async def _find_known(self, owner: Owner, key: str | None, request_hash: str) -> Run | None:
        run = await self._repository.find_by_key(owner, key) if key else None
        if run is not None and run.request_hash != request_hash:
            raise Conflict("This Idempotency-Key was used with another request.")
        return run
