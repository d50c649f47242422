"""Review of a lesson: sentences that its document doesn't support, and warnings that were cut off."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from workflows.formats.education_audio.grounding import (
    UNSAFE_KINDS,
    Fault,
    LessonGrounding,
    ground_by_judge,
    ground_by_words,
)
from workflows.formats.education_audio.input import LessonInput
from workflows.formats.education_audio.metrics import said_in, warnings_of
from workflows.formats.education_audio.warnings import is_warning
from workflows.formats.toolkit.measured_review import review_repetition
from workflows.models.clients.catalog import Model
from workflows.state import State
from workflows.verdicts import Reviewed, ReviewFinding

_ADVICE = {
    "number": "Say only numbers that the document says, as it says them, or leave the sentence out.",
    "opposite": "Say it as the document does.",
    "name": "Name only what the document names, or leave the sentence out.",
    "contradicted": "Say it as the document does.",
    "added_treatment": "Leave it out: a patient may act on it.",
    "added": "Leave it out, or say what the document says instead.",
}
"""By kind. What only words have no support for is reported, and isn't written again."""
_ENDED_EARLY = {"trimmed", "landed"}
_MOST_WARNINGS = 4
"""As many of a section as one rewrite can take in."""
_BEFORE_CLOSING = 2 / 3
"""Share of the last section before what may be its closing words."""


async def review_lesson(inputs: LessonInput, state: State, language: str, judge: Model | None) -> Reviewed:
    """Findings by section, the dangerous ones first, and how the lesson was compared with its document.

    A warning is missed only where the text was cut: elsewhere its words may differ. A judge that can't be reached is
    done without: the lesson is paid for, words decide, and its readers are told.
    """
    said = await asyncio.to_thread(said_in, inputs, state, language)
    grounding = await _ground(inputs, state, said, language, judge, may_be_away=True)
    cut_off = await asyncio.to_thread(lambda: list(_cut_off(inputs, state, language)))
    again = await asyncio.to_thread(_said_again, said, _last_of(state))
    return Reviewed([*_ungrounded(grounding), *cut_off, *again], {"grounding": grounding.as_json()})


async def review_part(
    inputs: LessonInput, state: State, index: int, language: str, judge: Model | None
) -> Reviewed:
    """As `review_lesson`, of one section that has just been written. What a judge answers is kept for the review of
    the whole, which asks nothing twice. Raises a ModelError where it can't be reached: it may be, at the end."""
    said = await asyncio.to_thread(said_in, inputs, state, language)
    grounding = await _ground(inputs, state, {index: said[index]}, language, judge, may_be_away=False)
    cut_off = await asyncio.to_thread(lambda: list(_cut_off(inputs, state, language, index)))
    again = await asyncio.to_thread(_said_again, said, _last_of(state), index)
    return Reviewed([*_ungrounded(grounding), *cut_off, *again], {"grounding": grounding.as_json()})


async def _ground(
    inputs: LessonInput,
    state: State,
    said: Mapping[int, Sequence[str]],
    language: str,
    judge: Model | None,
    *,
    may_be_away: bool,
) -> LessonGrounding:
    if judge is None:
        return await asyncio.to_thread(ground_by_words, inputs, said, language)
    return await ground_by_judge(inputs, state, said, language, judge, may_be_away=may_be_away)


def _last_of(state: State) -> int:
    return max((section["index"] for section in state["outline"]["sections"]), default=0)


def _said_again(said: Mapping[int, Sequence[str]], last: int, only: int | None = None) -> list[ReviewFinding]:
    """Sections that say an earlier one again, or `only` one of them. A warning may be said again, and the end of the
    `last` section may sum up."""
    texts = {}
    for index, sentences in said.items():
        most = round(len(sentences) * _BEFORE_CLOSING) if index == last else len(sentences)
        texts[index] = " ".join(one for one in sentences[:most] if not is_warning(one))
    return list(review_repetition(texts, only))


def _ungrounded(grounding: LessonGrounding) -> list[ReviewFinding]:
    faults = sorted(
        (fault for fault in grounding.faults if fault.kind in _ADVICE),
        key=lambda fault: fault.kind not in UNSAFE_KINDS,
    )
    return [_finding(fault) for fault in faults]


def _finding(fault: Fault) -> ReviewFinding:
    finding = ReviewFinding(
        rule=f"grounding_{fault.kind}",
        advice=f"{fault.reason[0].upper()}{fault.reason[1:]}. {_ADVICE[fault.kind]}",
        rewrite=True,
        section=fault.section,
        quote=fault.sentence,
    )
    if fault.kind in UNSAFE_KINDS:
        finding["unsafe"] = True
    return finding


def _cut_off(
    inputs: LessonInput, state: State, language: str, only: int | None = None
) -> Iterator[ReviewFinding]:
    cut = {index for index, one in state.get("lengths", {}).items() if _ENDED_EARLY & set(one["corrections"])}
    cut = cut if only is None else cut & {only}
    if not cut:
        return
    for index, found in warnings_of(inputs, state, language).items():
        missing = [warning for warning, is_stated in found.items() if not is_stated]
        for warning in missing[:_MOST_WARNINGS] if index in cut else ():
            yield ReviewFinding(
                rule="warning_missing",
                advice=f"It ended before it said this: “{warning}” Say it in the first half, and shorten what "
                "matters less.",
                rewrite=True,
                section=index,
            )
