"""Review of a chapter by figures: reading level, sentences, repetition. Pure."""

from collections.abc import Mapping

from workflows.formats.story.input import StoryReader
from workflows.formats.story.reading import reading_for
from workflows.formats.toolkit.measured_review import (
    REFRAIN_RUNS,
    part_of,
    review_reading,
    review_repetition,
)
from workflows.verdicts import ReviewFinding


def review_scenes(
    texts: Mapping[int, str], reader: StoryReader, *, rewrites: bool, only: int | None = None
) -> list[ReviewFinding]:
    """What is wrong with scenes for their reader. `rewrites`: they are written again for it; else it is only told.
    `only`: of this scene alone, beside the others."""
    wanted = reading_for(reader)
    found = [
        *review_reading(part_of(texts, only), reader.language, wanted.grade, wanted.longest_sentence),
        *review_repetition(texts, only, REFRAIN_RUNS),
    ]
    return [ReviewFinding(**{**one, "rewrite": one["rewrite"] and rewrites}) for one in found]
