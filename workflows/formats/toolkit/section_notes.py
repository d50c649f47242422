"""A section's reply, parted into its text and the notes on it."""

from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

from workflows.formats.pieces import SectionNotes
from workflows.formats.toolkit.trailer import split_notes
from workflows.state import SectionTask

_T = TypeVar("_T")


def split_section(
    task: SectionTask,
    reply: AsyncGenerator[str | _T],
    words: int | None = None,
    is_label: Callable[[str], bool] = lambda _: False,
) -> AsyncGenerator[str | _T | SectionNotes]:
    """The text and the notes of a reply that has so many `words` by plan, those of the task's section where none are
    given. `is_label` as in `Trailer`."""
    wants_notes = task.get("wants_notes", False)
    return split_notes(reply, is_label, wants_notes=wants_notes, words=words or task["target_words"])
