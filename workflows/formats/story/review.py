"""Review of a chapter by figures: reading level, sentences, repetition. Pure."""

from collections.abc import Mapping

from workflows.formats.measured_review import review_reading, review_repetition
from workflows.formats.story.input import StoryReader
from workflows.formats.story.reading import reading_for
from workflows.state import ReviewFinding


def review_scenes(texts: Mapping[int, str], reader: StoryReader, *, rewrites: bool) -> list[ReviewFinding]:
    """What is wrong with scenes for their reader. `rewrites`: they are written again for it; else it is only told."""
    wanted = reading_for(reader)
    found = [
        *review_reading(texts, reader.language, wanted.grade, wanted.longest_sentence),
        *review_repetition(texts),
    ]
    return [ReviewFinding(**{**one, "rewrite": one["rewrite"] and rewrites}) for one in found]
