"""Usage of a run, the sum of its calls. Pure."""

from collections.abc import Iterable

from workflows.messages.messages import CallUsage, UsageUpdated

UsageKey = tuple[str, str, int | None]
"""Role, model and section: what is added up together."""


class UsageTotals:
    """Running totals of a run, continued from an earlier attempt."""

    def __init__(self, usage: UsageUpdated, known: Iterable[str] = ()) -> None:
        """`known` are the calls already reported to readers."""
        self._known = set(known)
        self.usage = usage

    def add(self, call: CallUsage) -> UsageUpdated | None:
        """The totals with one more call; None for a call that they include already."""
        if call.id in self._known:
            return None
        if call.id is not None:
            self._known.add(call.id)
        self.usage = self.usage.model_copy(
            update={
                "input_tokens": self.usage.input_tokens + call.input_tokens,
                "output_tokens": self.usage.output_tokens + call.output_tokens,
                "cost_usd": add_costs(self.usage.cost_usd, call.cost_usd),
                "estimated": self.usage.estimated or call.estimated,
                "call": call,
            }
        )
        return self.usage


def add_costs(known: float | None, more: float | None) -> float | None:
    """The sum, which is unknown when a part of it is."""
    return None if known is None or more is None else round(known + more, 9)


def add_part(parts: dict[UsageKey, CallUsage], call: CallUsage) -> None:
    """Adds a call to its account's sums."""
    account = (call.role, call.model, call.section)
    before = parts.get(account)
    parts[account] = call.model_copy(update={"id": None}) if before is None else _sum(before, call)


def sum_by_role(parts: Iterable[CallUsage]) -> list[CallUsage]:
    """The sums without the sections: one part per role and model."""
    sums: dict[UsageKey, CallUsage] = {}
    for part in parts:
        add_part(sums, part.model_copy(update={"section": None}))
    return list(sums.values())


def _sum(one: CallUsage, other: CallUsage) -> CallUsage:
    return CallUsage(
        role=one.role,
        model=one.model,
        section=one.section,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached_tokens=(one.cached_tokens or 0) + (other.cached_tokens or 0) or None,
        reasoning_tokens=(one.reasoning_tokens or 0) + (other.reasoning_tokens or 0) or None,
        cost_usd=add_costs(one.cost_usd, other.cost_usd),
        estimated=one.estimated or other.estimated,
    )
