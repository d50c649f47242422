"""Copies: the messages of one run as another run's. Pure.

What costs money, and what is about an attempt, isn't copied. A copy that was broken off goes on where it was, since
what is missing is found by comparing both.
"""

from collections.abc import Iterator

from workflows.messages.messages import (
    FactsGathered,
    Message,
    MetricsCalculated,
    NodeChanged,
    OutlinePlanned,
    RunCompleted,
    SafetyChecked,
    Slot,
    TextAppended,
    TextRetracted,
    UsageUpdated,
)
from workflows.messages.transcript import Transcript

_COPIED = (
    NodeChanged,
    OutlinePlanned,
    FactsGathered,
    TextAppended,
    TextRetracted,
    SafetyChecked,
    MetricsCalculated,
)


def copy_live(message: Message) -> Message | None:
    """A message of the source as the copy's own; None for one that isn't copied."""
    is_of_an_attempt = isinstance(message, NodeChanged) and message.node == "workflow"
    return message if isinstance(message, _COPIED) and not is_of_an_attempt else None


def catch_up(copy: Transcript, source: Transcript) -> Iterator[Message]:
    """The messages that bring the copy up to the source: each thing once, each text whole."""
    if source.outline is not None and copy.outline != source.outline:
        yield source.outline
    if source.facts is not None and copy.facts != source.facts:
        yield source.facts
    slots: list[Slot] = [*sorted({*copy.started, *source.started})]
    slots += [*source.pieces, *(name for name in copy.pieces if not source.has_begun(name))]
    for slot in slots:
        text = source.text_of(slot) if source.has_begun(slot) else None
        yield from copy.lacking(slot, text, is_whole=source.is_finished(slot))
    yield from (
        verdict
        for verdict in source.verdicts
        if (verdict.approved or verdict.marked) and verdict not in copy.verdicts
    )
    if source.metadata is not None and copy.metadata != source.metadata:
        yield source.metadata


def end_copy(ending: RunCompleted, run_id: str) -> tuple[UsageUpdated, RunCompleted]:
    """The last messages of the copy: the source's, without costs."""
    usage = UsageUpdated(model=ending.usage.model, input_tokens=0, output_tokens=0, cost_usd=0.0)
    return usage, ending.model_copy(update={"run_id": run_id, "cached": True, "usage": usage})
