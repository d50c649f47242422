"""What a run spends: its ledger while it is written, and its sums in the table of usage."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.runs.admission.options import RunOptions
from backend.store.runs import Run
from backend.store.usage import UsageRepository
from workflows.messages.messages import CallUsage, Message, UsageUpdated
from workflows.messages.transcript import Transcript
from workflows.messages.usage_totals import UsageTotals, sum_by_role
from workflows.models.budget.ledger import Caps, Ledger, Ledgers
from workflows.state import State


@dataclass(frozen=True, slots=True)
class Account:
    """One attempt's: `tally` is what readers were told, the ledger what was really spent."""

    ledger: Ledger
    tally: UsageTotals

    def missed(self, state: State) -> Iterator[Message]:
        """What an earlier attempt's calls cost that died between its checkpoint and the log."""
        for spent in state.get("spent", []):
            call = CallUsage.model_validate({key: value for key, value in spent.items() if key != "kind"})
            if (message := self.tally.add(call)) is not None:
                self.ledger.recall(call)
                yield message

    def untold(self) -> Iterator[Message]:
        """What calls that were cut off cost: when they ended, nobody listened to the graph any more."""
        for call in self.ledger.calls:
            if (message := self.tally.add(call)) is not None:
                yield message


class Accounts:
    """The accounts of the runs that this process executes."""

    def __init__(self, ledgers: Ledgers, repository: UsageRepository) -> None:
        self._ledgers = ledgers
        self._repository = repository

    @contextmanager
    def keep(self, run: Run, transcript: Transcript) -> Iterator[Account]:
        """The run's account for one attempt; it goes on from what the log says was spent before."""
        options = RunOptions.model_validate(run.options)
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
        with self._ledgers.keep(run.id, ledger):
            yield Account(ledger, tally)

    async def store(self, run: Run, transcript: Transcript) -> None:
        """Puts the sums that the log has into the table. However often: they are set, not added."""
        if transcript.spent:
            parts = [_row(part.model_dump()) for part in sum_by_role(transcript.spent.values())]
            whose = {"id": run.id, "owner": run.owner, "format": run.format}
            await self._repository.put(whose, datetime.now(UTC).date().isoformat(), parts)


def _row(part: Mapping[str, Any]) -> dict[str, Any]:
    names = ("role", "model", "input_tokens", "output_tokens", "cost_usd")
    return {**{name: part[name] for name in names}, "estimated": bool(part["estimated"])}
