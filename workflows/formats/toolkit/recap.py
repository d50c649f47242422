"""Plan around a section, for its prompt. Pure.

A plan of a few sections is the same in every prompt, so it may stand first, where providers keep prompts. Of a long
one a prompt has what is near. Either way the tokens of all prompts together grow with the number of sections, and no
faster.
"""

from workflows.messages.messages import PlannedSection
from workflows.state import Outline

_BEFORE = 3
"""Sections before this one that are told of with their summaries."""
_FAR = 8
"""Sections to either side that are told of at all; the others are too far away to repeat."""

_MOST_WHOLE = 16
"""Sections up to which a plan is told whole."""


def whole_plan(outline: Outline) -> list[PlannedSection]:
    """All sections in reading order; none where there are too many to tell them in every prompt (`near_plan`)."""
    sections = sorted(outline["sections"], key=lambda section: section["index"])
    return sections if len(sections) <= _MOST_WHOLE else []


def near_plan(outline: Outline, index: int) -> list[PlannedSection]:
    """The sections around this one, where the plan isn't told whole."""
    return [] if len(outline["sections"]) <= _MOST_WHOLE else neighbours(outline, index)


def neighbours(outline: Outline, index: int) -> list[PlannedSection]:
    """The sections around this one, in reading order, as they are planned.

    The nearest have their summaries; the summary of those further away is empty, so that only the title is told.
    """
    return [
        section if -_BEFORE <= section["index"] - index <= 1 else {**section, "summary": ""}
        for section in sorted(outline["sections"], key=lambda section: section["index"])
        if abs(section["index"] - index) <= _FAR
    ]
