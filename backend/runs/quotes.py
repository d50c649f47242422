"""Quotes: what a run will take, before it is started or resumed. Nothing is stored or spent."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from backend.runs.admission.caller import caller_key
from backend.runs.admission.quota import Quota
from backend.runs.admission.resume_quote import ResumeQuote, make_resume_quote
from backend.runs.admission.start_quote import StartQuote, find_words, make_start_quote
from backend.runs.admission.validation import Admission
from backend.runs.queries import RunQueries
from backend.runs.requests import RunRequest
from backend.store.owner import Owner
from backend.store.schema.transitions import COMPLETED
from backend.store.usage import UsageRepository
from workflows.errors import Conflict
from workflows.models.spec import ModelSpec

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class Remainder:
    """Rest of the limits, the narrowest of each kind: of runs this month (the format's quota, the account's and the API
    key's), of runs today and of US dollars this month (the account's and the key's). None without a limit."""

    runs: int | None
    runs_today: int | None
    usd: float | None


class Quotes:
    """Quotes of runs."""

    def __init__(
        self, admission: Admission, queries: RunQueries, usage: UsageRepository, quota: Quota
    ) -> None:
        self._admission = admission
        self._queries = queries
        self._usage = usage
        self._quota = quota

    async def of_start(self, owner: Owner, request: RunRequest) -> tuple[StartQuote, Remainder]:
        """The estimate of a new run, and what is left. Raises as the start of such a run would: InvalidInput, NotFound,
        ModelNotConfigured."""
        format = self._admission.format(request.format)
        inputs, _ = await self._admission.resolve(owner, format, format.parse(request.input))
        model, options = self._admission.apply_defaults(format, inputs, request.options)
        past = await self._usage.recent_costs(owner, format.name, str(model)) if _may_read_usage() else []
        quote = make_start_quote(
            format.name,
            str(model),
            find_words(format, inputs, model),
            self._admission.prices.find(model),
            past,
            options.budget_usd,
        )
        left = await self._remainder(owner, format.name)
        if request.options.budget_usd is None:  # a start narrows it
            quote = replace(quote, budget_usd=_least([quote.budget_usd, left.usd]))
        return quote, left

    async def of_resume(self, owner: Owner, run_id: str) -> ResumeQuote:
        """The sections left and their estimated cost. Raises NotFound, Conflict for a complete run."""
        run = await self._queries.find(owner, run_id)
        if run.status == COMPLETED:
            raise Conflict("The run is complete: there is nothing left to write.")
        price = self._admission.prices.find(ModelSpec.parse(run.model))
        return make_resume_quote(run, await self._queries.transcript(run), price)

    async def _remainder(self, owner: Owner, format: str) -> Remainder:
        month = await self._quota.usage(owner, format)
        key = caller_key()
        of_key = {} if key is None else await self._quota.key_use(owner, [key.id])
        of_account = await self._quota.allowance_use(owner)
        uses = [*([] if of_account is None else [of_account]), *of_key.values()]
        return Remainder(
            runs=_least([month.left, *(use.runs_left_this_month for use in uses)]),
            runs_today=_least(use.runs_left_today for use in uses),
            usd=_least(use.usd_left for use in uses),
        )


def _may_read_usage() -> bool:
    """Whether what earlier runs cost may be shown: an API key needs the scope."""
    key = caller_key()
    return key is None or "usage:read" in key.scopes


def _least(limits: Iterable[_Number | None]) -> _Number | None:
    """The narrowest of the limits that there are."""
    return min((each for each in limits if each is not None), default=None)
