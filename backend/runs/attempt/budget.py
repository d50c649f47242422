"""Budget of a run: its ledger while it is written, and its sums in the table of usage."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.store.runs.owned_runs import Lease
from backend.store.runs.runs import Run
from backend.store.usage import RunUsage, UsageRepository
from workflows.messages.messages import CallUsage, Message, UsageUpdated
from workflows.messages.transcript import Transcript
from workflows.messages.usage_totals import UsageTotals, add_part, sum_by_role
from workflows.models.budget.ledger import Caps, Ledger, Ledgers
from workflows.state import State

_MOST_TOKENS = 2**53 - 1
"""More than anybody can write, and little enough to be added up in 64 bits."""


@dataclass(frozen=True, slots=True)
class AttemptBudget:
    """Budget of an attempt: `tally` is the usage reported to readers, the ledger the actual spending; `transcript`
    has the sums of what the run's log was told."""

    ledger: Ledger
    tally: UsageTotals
    transcript: Transcript

    def narrow(self, budget_usd: float | None) -> None:
        """Sets what the run may cost, which is less than it was told where less was left when it was charged."""
        self.ledger.narrow(budget_usd)
        self.tally.usage = self.tally.usage.model_copy(update={"budget_usd": budget_usd})

    def missed(self, state: State) -> Iterator[Message]:
        """Usage of calls of an earlier attempt that died between its checkpoint and the log."""
        for spent in state.get("spent", []):
            call = CallUsage.model_validate({key: value for key, value in spent.items() if key != "kind"})
            if (message := self.tally.add(call)) is not None:
                self.ledger.recall(call)
                yield message

    def unreported(self) -> Iterator[Message]:
        """Usage of calls that were cut off after the graph's last event."""
        for call in self.ledger.calls:
            if (message := self.tally.add(call)) is not None:
                yield message


class Budgets:
    """Budgets of the runs that this process executes."""

    def __init__(self, ledgers: Ledgers, repository: UsageRepository) -> None:
        self._ledgers = ledgers
        self._repository = repository

    def draw_up(self, run: Run, transcript: Transcript) -> AttemptBudget:
        """The budget of one attempt, with the spending so far as the log has it."""
        options = run.options
        before = transcript.usage or UsageUpdated(
            model=run.model, input_tokens=0, output_tokens=0, cost_usd=0.0
        )
        ledger = Ledger(
            self._ledgers.prices,
            Caps(options.budget_usd, options.max_output_tokens),
            spent_usd=before.cost_usd or 0.0,
            output_tokens=before.output_tokens,
            parallel=options.parallel,
        )
        usage = before.model_copy(update={"budget_usd": options.budget_usd, "call": None})
        tally = UsageTotals(usage, known=transcript.calls)
        return AttemptBudget(ledger, tally, transcript)

    def enforce(self, run: Run, budget: AttemptBudget) -> AbstractContextManager[None]:
        """Within it the run's calls are counted on this budget, and refused beyond it."""
        return self._ledgers.keep(run.id, budget.ledger)

    async def store(self, run: Run, lease: Lease, transcript: Transcript) -> None:
        """Stores the usage sums of the log in the table, while the lease is held. Idempotent: they are set, not
        added."""
        if (usage := self.usage(run, transcript)) is not None:
            whose = {"id": run.id, "owner": run.owner, "format": run.format}
            await self._repository.put(whose, usage.day, usage.parts, epoch=lease.epoch)

    async def store_lost(self, run: Run, calls: Iterable[CallUsage]) -> None:
        """Adds calls of an attempt that lost its run to the table: neither the log nor a checkpoint has them."""
        transcript = Transcript()
        for call in calls:
            add_part(transcript.spent, call)
        if (usage := self.usage(run, transcript)) is not None:
            await self._repository.add_lost(usage)

    async def store_deleted(self, run: Run, budget: AttemptBudget) -> None:
        """Adds what an attempt bought whose run was deleted meanwhile, as far as the table hasn't got it: neither a log
        nor a checkpoint says which calls that are."""
        whole = Transcript()
        whole.spent.update(budget.transcript.spent)
        for call in budget.ledger.calls:
            if call.id not in budget.transcript.calls:
                add_part(whole.spent, call)
        if (usage := self.usage(run, whole)) is not None:
            await self._repository.add_lost(usage, is_whole=True)

    def usage(self, run: Run, transcript: Transcript) -> RunUsage | None:
        """The usage sums of the log; None where nothing was bought."""
        if not transcript.spent:
            return None
        parts = [_row(part) for part in sum_by_role(transcript.spent.values())]
        return RunUsage(run.id, run.owner, run.format, datetime.now(UTC).date().isoformat(), parts)


def _row(part: CallUsage) -> dict[str, Any]:
    return {
        "role": part.role,
        "model": part.model,
        "input_tokens": min(part.input_tokens, _MOST_TOKENS),
        "output_tokens": min(part.output_tokens, _MOST_TOKENS),
        "cost_usd": part.cost_usd,
        "estimated": bool(part.estimated),
    }
