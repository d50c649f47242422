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
    TextAppended,
    TextRetracted,
    UsageUpdated,
)
from workflows.messages.transcript import Transcript


def copy_live(message: Message) -> Message | None:
    """A message of the source as the copy's own; None for one that isn't copied."""
    match message:
        case NodeChanged() if message.node == "workflow":
            return None
        case (
            NodeChanged()
            | OutlinePlanned()
            | FactsGathered()
            | TextAppended()
            | TextRetracted()
            | SafetyChecked()
            | MetricsCalculated()
        ):
            return message
        case _:
            return None


def catch_up(copy: Transcript, source: Transcript) -> Iterator[Message]:
    """The messages that bring the copy up to the source: each thing once, each text whole."""
    if source.outline is not None and copy.outline != source.outline:
        yield source.outline
    if source.facts is not None and copy.facts != source.facts:
        yield source.facts
    for index in sorted({*copy.started, *source.started}):
        theirs = source.text_of(index) if index in source.started else None
        yield from _text(
            (index, None),
            copy.text_of(index) if index in copy.started else None,
            theirs,
            (index in copy.finished, index in source.finished),
        )
    for name in [*source.pieces, *(name for name in copy.pieces if name not in source.pieces)]:
        yield from _text(
            (0, name),
            copy.piece_text(name) if name in copy.pieces else None,
            source.piece_text(name) if name in source.pieces else None,
            (name in copy.finished_pieces, name in source.finished_pieces),
        )
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


def _text(
    place: tuple[int, str | None], ours: str | None, theirs: str | None, whole: tuple[bool, bool]
) -> Iterator[Message]:
    """Messages that bring a text up to the source's: its rest where ours is its beginning, else all of it."""
    section, piece = place
    if ours == theirs and whole[0] == whole[1]:
        return
    if ours is not None and (theirs is None or whole[0] or not theirs.startswith(ours)):
        yield TextRetracted(section=section, piece=piece, reason="restart")
        ours = None
    if theirs is not None:
        rest = theirs[len(ours or "") :]
        yield TextAppended(section=section, piece=piece, chunk=rest, is_complete=whole[1])
