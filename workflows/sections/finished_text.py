"""The sections that a checkpoint knows, also those whose siblings of the same step are still being written. Pure."""

from collections.abc import Callable
from operator import add
from typing import Any, cast

from langgraph.checkpoint.base import CheckpointTuple

from workflows.state import State, add_lengths, add_section_notes, add_sections, add_verdicts

_KEPT: dict[str, tuple[type, Callable[[Any, Any], Any]]] = {
    "sections": (dict, add_sections),
    "section_notes": (dict, add_section_notes),
    "lengths": (dict, add_lengths),
    "judged": (dict, add_verdicts),
    "rewritten": (list, add),
}
"""What tasks of a step bring, and how it is joined."""


def finished_state(found: CheckpointTuple) -> State:
    """The outline, the sections, the notes and verdicts on them: a section is among them once its task's result is
    kept."""
    values = found.checkpoint["channel_values"]
    state: dict[str, Any] = {
        name: values[name] for name in ("outline", "language", "safety") if name in values
    }
    state |= {name: values.get(name) or make() for name, (make, _) in _KEPT.items()}
    for _, channel, value in found.pending_writes or ():
        make, reduce = _KEPT.get(channel, (None, None))
        if make is not None and reduce is not None and isinstance(value, make):
            state[channel] = reduce(state[channel], value)
    return cast(State, state)
