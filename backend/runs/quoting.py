"""Quotes: what a run will take, before anything is stored or spent."""

from dataclasses import dataclass

from backend.runs.admission.quota import Quota
from backend.runs.admission.start_quote import StartQuote, make_start_quote
from backend.runs.admission.validation import Admission
from backend.runs.commands import RunRequest
from backend.store.accounts.allowance import AllowanceUse
from backend.store.owner import Owner
from backend.store.usage import UsageRepository
from workflows.formats.capabilities import AdaptsToModel
from workflows.formats.defaults import expected_words


@dataclass(frozen=True, slots=True)
class Remainder:
    """Rest of the limits: runs of the format this month, runs today, US dollars this month; None without a limit."""

    runs: int | None
    runs_today: int | None
    usd: float | None


class Quotes:
    """Quotes of runs that are not started."""

    def __init__(self, admission: Admission, usage: UsageRepository, quota: Quota) -> None:
        self._admission = admission
        self._usage = usage
        self._quota = quota

    async def quote(self, owner: Owner, request: RunRequest) -> tuple[StartQuote, Remainder]:
        """The estimate, and what is left. Raises as the start of such a run would: InvalidInput, NotFound,
        ModelNotConfigured."""
        format = self._admission.format(request.format)
        inputs = await self._admission.resolve(owner, format, format.parse(request.input))
        model, options = self._admission.apply_defaults(format, inputs, request.options)
        # The built-in model's own variant of a format has a length of its own.
        is_variant = model.provider == "embedded" and isinstance(format, AdaptsToModel)
        past = await self._usage.recent_costs(owner, format.name, str(model))
        quote = make_start_quote(
            format.name,
            str(model),
            None if is_variant else expected_words(format, inputs),
            self._admission.prices.find(model),
            past,
            options.budget_usd,
        )
        return quote, await self._remainder(owner, format.name)

    async def _remainder(self, owner: Owner, format: str) -> Remainder:
        month = await self._quota.usage(owner, format)
        use = await self._quota.allowance_use(owner)
        return Remainder(
            runs=None if month.quota is None else max(0, month.quota - month.used),
            runs_today=None if use is None else max(0, use.limits.runs_a_day - use.runs_today),
            usd=None if use is None else _left_usd(use),
        )


def _left_usd(use: AllowanceUse) -> float:
    return round(max(0.0, use.limits.usd_a_month - use.spent_usd - use.reserved_usd), 6)
