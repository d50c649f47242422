"""Metrics of a lesson, and its statements without support in the document. Pure."""

from typing import Any

from workflows.formats.education_audio.cast import CASTS
from workflows.formats.education_audio.grounding import LessonGrounding, ground_by_words, sentences_of
from workflows.formats.education_audio.input import LessonInput
from workflows.formats.education_audio.notices import lesson_notices
from workflows.formats.education_audio.planning import part_at
from workflows.formats.education_audio.warnings import Script, list_warnings
from workflows.formats.speech.exports.renderers import WORDS_PER_MINUTE, speaking_minutes
from workflows.formats.speech.turns import Turn, parse_turns, spoken_text, words_by_speaker
from workflows.state import State
from workflows.text.language import guess_language
from workflows.text.metrics.readability import reading_grade, vocabulary_level
from workflows.text.words import count_words


def section_turns(inputs: LessonInput, state: State) -> dict[int, list[Turn]]:
    """The turns of each finished section."""
    labels = CASTS[inputs.speakers].labels
    return {index: parse_turns(section["text"], labels) for index, section in state["sections"].items()}


def warnings_of(inputs: LessonInput, state: State, language: str) -> dict[int, dict[str, bool]]:
    """Warnings in each section's part of the document, and whether the script gives them anywhere.

    None where the document is in another language: then words can't be compared.
    """
    assert inputs.document is not None
    text = inputs.document.text
    if not state.get("notes") or guess_language(text) not in (language, None):
        return {}
    turns = section_turns(inputs, state)
    script = Script("\n".join(spoken_text(turns[index]) for index in sorted(turns)), language)
    return {
        index: {
            warning: script.says(warning)
            for warning in list_warnings(part_at(index, state["outline"], state["notes"], text), language)
        }
        for index in sorted(turns)
    }


def said_in(inputs: LessonInput, state: State, language: str) -> dict[int, list[str]]:
    """The spoken sentences of each finished section."""
    return {index: sentences_of(turns, language) for index, turns in section_turns(inputs, state).items()}


def lesson_metrics(inputs: LessonInput, state: State, language: str) -> dict[str, Any]:
    """Words and minutes as spoken, words by speaker, grade, `grounding`, and `warnings`."""
    by_section = section_turns(inputs, state)
    turns = [turn for index in sorted(by_section) for turn in by_section[index]]
    text = spoken_text(turns)
    grade = reading_grade(text, language)
    minutes = speaking_minutes(turns)
    kept = state.get("reviewed", {}).get("grounding")
    said = {index: sentences_of(turns, language) for index, turns in by_section.items()}
    grounding = LessonGrounding.from_json(kept) if kept else ground_by_words(inputs, said, language)
    return {
        "word_count": count_words(text),
        "estimated_reading_time": round(minutes, 1),
        "vocabulary_level": vocabulary_level(grade),
        "educational_elements": [planned["title"] for planned in state["outline"]["sections"]],
        "speaking_minutes": round(minutes, 1),
        "target_minutes": inputs.target_minutes,
        "words_a_minute": WORDS_PER_MINUTE,
        "words_by_speaker": words_by_speaker(turns),
        "turns": len(turns),
        "reading_grade": grade,
        "grounding": _grounding_metrics(grounding),
        "grounding_method": grounding.method,
        "notices": lesson_notices(grounding, language),
        "warnings": _warned(warnings_of(inputs, state, language)),
    }


def _warned(warnings: dict[int, dict[str, bool]]) -> dict[str, Any]:
    return {
        "in_document": sum(map(len, warnings.values())),
        "untold": [
            {"section": index, "sentence": warning}
            for index, found in warnings.items()
            for warning, is_stated in found.items()
            if not is_stated
        ],
    }


def _grounding_metrics(grounding: LessonGrounding) -> dict[str, Any]:
    return {
        "checked": grounding.checked,
        "supported": grounding.checked - len(grounding.faults),
        "unsupported": [
            {"section": one.section, "sentence": one.sentence, "reason": one.reason, "kind": one.kind}
            for one in grounding.faults
        ],
    }
