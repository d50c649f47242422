"""The sections that a checkpoint knows, also those whose siblings of the same step are still being written. Pure."""

from typing import cast

from langgraph.checkpoint.base import CheckpointTuple

from workflows.state import State, add_section_notes, add_sections


def finished_state(found: CheckpointTuple) -> State:
    """The outline, the sections and the notes on them: a section is among them once its task's result is kept."""
    values = found.checkpoint["channel_values"]
    sections, notes = dict(values.get("sections") or {}), dict(values.get("section_notes") or {})
    for _, channel, value in found.pending_writes or ():
        if channel == "sections" and isinstance(value, dict):
            sections = add_sections(sections, value)
        elif channel == "section_notes" and isinstance(value, dict):
            notes = add_section_notes(notes, value)
    kept = {name: values[name] for name in ("outline", "language") if name in values}
    return cast(State, {**kept, "sections": sections, "section_notes": notes})
