"""What of a lesson has to be written again: findings by code. Pure."""

from collections.abc import Iterator

from workflows.formats.education_audio.input import LessonInput
from workflows.formats.education_audio.metrics import ground, section_turns, warnings_of
from workflows.state import ReviewFinding, State

_ADVICE = {
    "number": "Say only numbers that the document says, as it says them, or leave the sentence out.",
    "opposite": "Say it as the document does.",
}
_ENDED_EARLY = {"trimmed", "landed"}
_MOST_WARNINGS = 4
"""As many of a section as one rewrite can take in."""


def review_lesson(inputs: LessonInput, state: State, language: str) -> list[ReviewFinding]:
    """Findings, by section. A warning is missed only where the text was ended early: elsewhere its words may differ."""
    return [*_ungrounded(inputs, state, language), *_cut_off(inputs, state, language)]


def _ungrounded(inputs: LessonInput, state: State, language: str) -> Iterator[ReviewFinding]:
    for one in ground(inputs, section_turns(inputs, state), language).unsupported:
        if one.kind in _ADVICE:
            yield ReviewFinding(
                rule=f"grounding_{one.kind}",
                advice=f"{one.reason[0].upper()}{one.reason[1:]}. {_ADVICE[one.kind]}",
                rewrite=True,
                section=one.section,
                quote=one.sentence,
            )


def _cut_off(inputs: LessonInput, state: State, language: str) -> Iterator[ReviewFinding]:
    cut = {index for index, one in state.get("lengths", {}).items() if _ENDED_EARLY & set(one["corrections"])}
    if not cut:
        return
    for index, found in warnings_of(inputs, state, language).items():
        missing = [warning for warning, is_told in found.items() if not is_told]
        for warning in missing[:_MOST_WARNINGS] if index in cut else ():
            yield ReviewFinding(
                rule="warning_missing",
                advice=f"It ended before it said this: “{warning}” Say it in the first half, and shorten what "
                "matters less.",
                rewrite=True,
                section=index,
            )
