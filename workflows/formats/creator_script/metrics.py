"""Metrics of a video script. Pure."""

from typing import Any

from workflows.formats.creator_script.input import CreatorScriptInput
from workflows.formats.creator_script.plan import slots_of
from workflows.formats.creator_script.report import RULES, report_on
from workflows.formats.creator_script.script import spoken
from workflows.formats.creator_script.timing import clock, words_for
from workflows.state import State
from workflows.text.metrics.readability import reading_grade, vocabulary_level
from workflows.text.words import count_words


def script_metrics(inputs: CreatorScriptInput, state: State) -> dict[str, Any]:
    """Spoken words and minutes; each section's planned range and speaking time; compliance."""
    pace = state["notes"]["words_a_minute"]
    slots = slots_of(inputs, state["outline"], state["notes"])
    texts = [spoken(state["sections"][index]["text"]) for index in range(len(slots))]
    words = [count_words(text) for text in texts]
    whole = "\n\n".join(texts)
    grade = reading_grade(whole, inputs.language)
    return {
        "word_count": sum(words),
        "estimated_reading_time": round(sum(words) / pace, 1),
        "vocabulary_level": vocabulary_level(grade),
        "educational_elements": [],
        "reading_grade": grade,
        "words_a_minute": pace,
        "speaking_seconds": round(sum(words) * 60 / pace),
        "sections": [
            {
                "index": index,
                "target_words": (target := words_for(slot["end"] - slot["start"], pace)),
                "words": words[index],
                "deviation": round(words[index] / target - 1, 3),
                "planned": f"{clock(slot['start'])}–{clock(slot['end'])}",
                "speaking_seconds": round(words[index] * 60 / pace),
            }
            for index, slot in enumerate(slots)
        ],
        "compliance": _compliance(inputs, state),
    }


def _compliance(inputs: CreatorScriptInput, state: State) -> dict[str, Any]:
    """The report; with a finding of the last review beside its rules, such as of repetition, it isn't passed."""
    summary = report_on(inputs, state).summary()
    others = [one for one in state.get("findings", []) if one["rule"] not in RULES and one["rewrite"]]
    return {**summary, "passed": summary["passed"] and not others}
