"""Context of a section in its prompt: the plan of the rest of the text, never the text again. Pure.

However many sections there are, it is about the same length, so the tokens of all prompts together grow
with the number of sections, and no faster.
"""

from workflows.messages.messages import PlannedSection
from workflows.state import Outline

_BEFORE = 3
"""Sections before this one that are told of with their summaries."""
_FAR = 8
"""Sections to either side that are told of at all; the others are too far away to repeat."""


def neighbours(outline: Outline, index: int) -> list[PlannedSection]:
    """The sections around this one, in reading order: a summary of the text so far, then the plan of the rest.

    The nearest have their summaries; the summary of those further away is empty, so that only the title is told.
    """
    return [
        section if -_BEFORE <= section["index"] - index <= 1 else {**section, "summary": ""}
        for section in sorted(outline["sections"], key=lambda section: section["index"])
        if abs(section["index"] - index) <= _FAR
    ]
