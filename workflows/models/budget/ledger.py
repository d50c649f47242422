"""Ledger of a run's budget: its spending, its remainder, and the reservations of its active calls.

A run has one ledger in the process that executes it. A call asks before it begins, counts while it streams,
and says at its end what it cost. Calls that go on at the same time share: each may take an equal part of what
is left, so that together they can't take more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from uuid import uuid4

from workflows.errors import BudgetExceeded
from workflows.messages.messages import CallUsage, ModelRole
from workflows.models.budget.counting import TextCount
from workflows.models.budget.prices import Price, PriceRegistry, Tokens
from workflows.models.spec import ModelSpec

_LEAST_TOKENS = 16
"""A call that could write no more than this isn't begun; OpenAI's Responses API takes no smaller limit."""
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits on a run's spending, over all of its attempts. None: no limit."""

    budget_usd: float | None = None
    max_output_tokens: int | None = None

    def __bool__(self) -> bool:
        return self.budget_usd is not None or self.max_output_tokens is not None


@dataclass(slots=True, eq=False)
class OpenCall:
    """An active call. `limit` is its number of output tokens at most, None where the run has no caps.

    It is `made` once the model is being asked; until then it only keeps its part of what is left."""

    model: ModelSpec
    role: ModelRole
    section: int | None
    guess: int  # of the prompt's tokens, by its characters
    input_tokens: int  # the guess, as far as earlier calls taught better
    price: Price | None
    limit: int | None
    reserved_usd: float
    written: TextCount = field(default_factory=TextCount)
    made: bool = False
    ran_out: bool = False
    closed: bool = False

    def add(self, text: str, pieces: int = 1) -> None:
        """More of the reply, in so many pieces; that may be more than the run may buy."""
        self.written.add(text, pieces)
        if self.limit is not None and self.written.tokens > self.limit:
            self.ran_out = True


class Ledger:
    """Ledger of one run. Not thread-safe: all calls of a run are on one event loop."""

    def __init__(
        self,
        prices: PriceRegistry,
        caps: Caps | None = None,
        *,
        spent_usd: float = 0.0,
        output_tokens: int = 0,
        parallel: int = 1,
    ) -> None:
        """`spent_usd`, `output_tokens`: usage of earlier attempts; `parallel`: number of concurrent calls."""
        self._prices = prices
        self._caps = caps or Caps()
        self._usd = spent_usd
        self._tokens = output_tokens
        self._parallel = parallel
        self._open: list[OpenCall] = []
        self._prompts: dict[
            tuple[ModelSpec, ModelRole], tuple[int, int]
        ] = {}  # tokens as counted, and as guessed
        self._on_calls: Callable[[bool], None] | None = None
        self.calls: list[CallUsage] = []
        """Every call of this attempt that has ended, in order."""

    def begin(
        self, model: ModelSpec, role: ModelRole, section: int | None, guess: int, *, shares: bool = False
    ) -> OpenCall:
        """Opens a call with a prompt of about `guess` tokens. It `shares` the budget with concurrent calls.

        Raises BudgetExceeded when there isn't enough left for it.
        """
        price = self._prices.find(model)
        counted, guessed = self._prompts.get((model, role), (1, 1))
        input_tokens = round(guess * counted / guessed)
        # Sections, and what goes on beside them: a plan or a last verdict has nobody to share with.
        alone = section is None and not shares
        sharers = 1 if alone else max(1, self._parallel - len(self._open))
        limit, reserved = self._share(model, price, input_tokens, sharers) if self._caps else (None, 0.0)
        call = OpenCall(model, role, section, guess, input_tokens, price, limit, reserved)
        self._open.append(call)
        if self._on_calls is not None and len(self._open) == 1:
            self._on_calls(True)
        return call

    def watch(self, on_calls: Callable[[bool], None] | None) -> None:
        """Calls `on_calls` with True when a model begins to be asked, and with False when none is asked any more."""
        self._on_calls = on_calls

    def end(self, call: OpenCall, tokens: Tokens | None) -> CallUsage | None:
        """Closes a call. `tokens` are the provider's own count; else ours is used. None: it was closed before."""
        if call.closed:
            return None
        self._close(call)
        if tokens is not None and tokens.input and call.guess:
            before = self._prompts.get((call.model, call.role), (0, 0))
            self._prompts[call.model, call.role] = (before[0] + tokens.input, before[1] + call.guess)
        counted = tokens or Tokens(call.input_tokens, call.written.tokens)
        usage = CallUsage(
            id=uuid4().hex[:12],
            role=call.role,
            model=str(call.model),
            section=call.section,
            input_tokens=counted.input,
            output_tokens=counted.output,
            cached_tokens=counted.cached or None,
            reasoning_tokens=counted.reasoning or None,
            cost_usd=call.price.cost(counted) if call.price is not None else None,
            estimated=True if tokens is None else None,
        )
        self._usd += usage.cost_usd or 0.0
        self._tokens += counted.output
        if call.limit is not None and counted.output >= call.limit:
            call.ran_out = True
        self.calls.append(usage)
        return usage

    def recall(self, usage: CallUsage) -> None:
        """Adds a call of an earlier attempt that `spent_usd` and `output_tokens` didn't include."""
        self._usd += usage.cost_usd or 0.0
        self._tokens += usage.output_tokens

    def narrow(self, budget_usd: float | None) -> None:
        """Sets what the run may cost, before its first call."""
        self._caps = replace(self._caps, budget_usd=budget_usd)

    def drop(self, call: OpenCall) -> None:
        """Removes a call that the provider never accepted: it cost nothing."""
        if not call.closed:
            self._close(call)

    def close(self) -> None:
        """Ends the attempt: a call that was cut off without a report is counted as far as it came, one that was
        never made costs nothing."""
        for call in list(self._open):
            if call.made:
                self.end(call, None)
            else:
                self.drop(call)

    def _close(self, call: OpenCall) -> None:
        call.closed = True
        self._open.remove(call)
        if self._on_calls is not None and not self._open:
            self._on_calls(False)

    def _share(
        self, model: ModelSpec, price: Price | None, input_tokens: int, sharers: int
    ) -> tuple[int | None, float]:
        """The number of tokens that the call may write, None for any, and the cost of that and of its input."""
        limits = []
        in_usd = out_usd = 0.0
        if self._caps.max_output_tokens is not None:
            free = self._caps.max_output_tokens - self._tokens - sum(c.limit or 0 for c in self._open)
            limits.append(free // sharers)
        if self._caps.budget_usd is not None:
            if price is None:
                raise BudgetExceeded(f"The run has a budget, and the price of {model} is not known.")
            in_usd = price.cost(Tokens(input_tokens, 0))
            out_usd = price.cost(Tokens(0, _THOUSAND)) / _THOUSAND
            free_usd = self._caps.budget_usd - self._usd - sum(c.reserved_usd for c in self._open)
            left = free_usd / sharers - in_usd
            if left < 0:
                raise used_up()
            if out_usd:
                limits.append(int(left / out_usd))
        if not limits:  # what it writes costs nothing
            return None, in_usd
        if min(limits) < _LEAST_TOKENS:
            raise used_up()
        return min(limits), in_usd + min(limits) * out_usd


def used_up() -> BudgetExceeded:
    """The error for a person, whichever of the caps was reached."""
    return BudgetExceeded(
        "What the run may spend (budget_usd, max_output_tokens) is used up, or too little to go on with; sections "
        "that are written at once share it. What was written is kept; resume it with more."
    )


class Ledgers:
    """Ledgers of the runs that this process executes, by run id."""

    def __init__(self, prices: PriceRegistry | None = None) -> None:
        self.prices = prices or PriceRegistry()
        self._ledgers: dict[str, Ledger] = {}

    @contextmanager
    def keep(self, run_id: str, ledger: Ledger) -> Iterator[None]:
        """Registers the run's `ledger` while the block lasts; then closes it."""
        self._ledgers[run_id] = ledger
        try:
            yield
        finally:
            if self._ledgers.get(run_id) is ledger:  # else the run was taken up again meanwhile
                del self._ledgers[run_id]
            ledger.close()

    def of(self, run_id: str | None) -> Ledger:
        """The run's ledger; one without limits where none is registered, as in LangGraph Studio."""
        return self._ledgers.get(run_id or "") or Ledger(self.prices)
