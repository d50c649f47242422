"""A chapter in numbers. Pure."""

from typing import Any

from workflows.formats.story.input import StoryInput
from workflows.state import State, text_of
from workflows.text.readability import reading_grade, vocabulary_level
from workflows.text.words import count_words

# Words a minute that children read aloud at the end of a school year, rounded
# (Hasbrouck and Tindal, oral reading fluency norms, 50th percentile), by age.
_WORDS_A_MINUTE = {
    3: 40,
    4: 40,
    5: 45,
    6: 60,
    7: 100,
    8: 112,
    9: 133,
    10: 146,
    11: 146,
    12: 150,
    13: 151,
    14: 151,
}
_PACE = {"beginner": 0.8, "intermediate": 1.0, "advanced": 1.2}


def story_metrics(given: StoryInput, state: State) -> dict[str, Any]:
    """Words, minutes, levels, and each section's length against its target."""
    text = text_of(state["sections"])
    words = count_words(text)
    grade = reading_grade(text, given.reader.language)
    pace = _WORDS_A_MINUTE[given.reader.age] * _PACE[given.reader.reading_level]
    return {
        "word_count": words,
        "estimated_reading_time": round(words / pace, 1),
        "vocabulary_level": vocabulary_level(grade),
        "educational_elements": state.get("notes", {}).get("educational_elements", []),
        "reading_grade": grade,
        "sections": [
            _length(planned["index"], planned["target_words"], state)
            for planned in state["outline"]["sections"]
        ],
    }


def _length(index: int, target: int, state: State) -> dict[str, Any]:
    actual = count_words(state["sections"][index]["text"])
    return {
        "index": index,
        "target_words": target,
        "words": actual,
        "deviation": round(actual / target - 1, 3),
    }
