"""Filter of lines without a label that are no speech, by their words and the lines before them."""

from collections.abc import Sequence
from enum import Enum

from workflows.formats.speech.filter.noise import (
    begins_sources,
    holds_script,
    is_bold_heading,
    is_chatter,
    is_fact_of_script,
    is_marked_direction,
    is_preamble,
    is_rule,
    is_whole_aside,
    read_fence,
    strip_line_marks,
)
from workflows.formats.speech.speakers.names import fold
from workflows.formats.speech.tags import vocabulary
from workflows.state import SectionTask


class LineKind(Enum):
    """Kind of a line without a label."""

    SPEECH = "speech"
    PREAMBLE = "preamble"
    """Words to whoever asked for the script, or a direction; what follows in the line is looked at anew."""
    NOTE = "note"
    """A heading, a list, sources: the whole line is no speech."""


class LineFilter:
    """Classifier of lines without a label. `titles`: of section and whole, which models repeat above a script."""

    def __init__(self, titles: Sequence[str] = ()) -> None:
        self._titles = {fold(title) for title in titles} - {""}
        self._in_fence = False
        self._is_quiet = False  # a block of code that isn't the script
        self._in_sources = False

    def note_label(self) -> None:
        """Notes a line with a label, which ends any list before it."""
        self._in_sources = False

    def judge(self, text: str, *, is_whole: bool, has_label: bool, has_text: bool) -> LineKind:
        """The kind of a line; `text` is its first sentence, or with `is_whole` all of it."""
        if (language := read_fence(text)) is not None:
            self._in_fence = not self._in_fence
            self._is_quiet = self._in_fence and (has_text or not holds_script(language))
            return LineKind.NOTE
        if self._in_sources or self._is_quiet or is_rule(text):
            return LineKind.NOTE
        plain, is_heading = strip_line_marks(text)
        if is_whole and begins_sources(plain):
            self._in_sources = True
            return LineKind.NOTE
        if is_heading or is_chatter(plain) or (is_whole and self._is_heading(plain)):
            return LineKind.NOTE
        if is_marked_direction(plain):
            return LineKind.PREAMBLE
        if has_label:
            return LineKind.SPEECH
        if not has_text and is_fact_of_script(plain):
            return LineKind.NOTE
        return LineKind.PREAMBLE if is_preamble(plain) else LineKind.SPEECH

    def _is_heading(self, plain: str) -> bool:
        is_title = len(plain) < 200 and fold(plain) in self._titles
        is_aside = is_whole_aside(plain) and vocabulary().find(plain.strip("()[]*_ .")) is None
        return is_title or is_bold_heading(plain) or is_aside


def titles_above(task: SectionTask) -> list[str]:
    """Titles that a model may write above the script of a section."""
    sections = task["outline"]["sections"]
    return [task["outline"]["title"], *(one["title"] for one in sections if one["index"] == task["index"])]
