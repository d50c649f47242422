"""Quotes: what a run will take, before anything is stored or spent."""

from dataclasses import dataclass

from backend.runs.admission.caller import caller_key
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
    """Rest of the limits, an API key's own included: runs of the format this month, runs today, US dollars this month;
    None without a limit."""

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
        key = caller_key()
        of_key = {} if key is None else await self._quota.key_use(owner, [key.id])
        of_account = await self._quota.allowance_use(owner)
        uses = [*([] if of_account is None else [of_account]), *of_key.values()]
        return Remainder(
            runs=None if month.quota is None else max(0, month.quota - month.used),
            runs_today=min((left for use in uses if (left := _left_today(use)) is not None), default=None),
            usd=min((usd for use in uses if (usd := _left_usd(use)) is not None), default=None),
        )


def _left_today(use: AllowanceUse) -> int | None:
    most = use.limits.runs_a_day
    return None if most is None else max(0, most - use.runs_today)


def _left_usd(use: AllowanceUse) -> float | None:
    most = use.limits.usd_a_month
    return None if most is None else round(max(0.0, most - use.spent_usd - use.reserved_usd), 6)
