"""Metrics of a chapter. Pure."""

from typing import Any

from workflows.formats.story.input import StoryInput, StoryReader
from workflows.formats.story.reading import reader_grade
from workflows.state import State, text_of
from workflows.text.metrics.readability import reading_grade, vocabulary_level
from workflows.text.sentences import split_sentences
from workflows.text.words import count_words

# Words a minute that children read aloud at the end of a school year, rounded
# (Hasbrouck and Tindal, oral reading fluency norms, 50th percentile), by age.
_WORDS_PER_MINUTE = {
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
_FITS = 2.0
"""Grades above or below the reader's own within which a text is neither hard nor easy for that reader."""
_PACE = {"beginner": 0.8, "intermediate": 1.0, "advanced": 1.2}


def story_metrics(inputs: StoryInput, state: State) -> dict[str, Any]:
    """Words, minutes, levels, the grade against the reader's own, and each section's length against its target."""
    text = text_of(state["sections"])
    words = count_words(text)
    grade = reading_grade(text, inputs.reader.language)
    pace = _WORDS_PER_MINUTE[inputs.reader.age] * _PACE[inputs.reader.reading_level]
    return {
        "word_count": words,
        "estimated_reading_time": round(words / pace, 1),
        "vocabulary_level": vocabulary_level(grade),
        "educational_elements": state.get("notes", {}).get("educational_elements", []),
        "reading_grade": grade,
        **_against_reader(grade, inputs.reader),
        "words_per_sentence": _words_per_sentence(text, words, inputs.reader.language),
        "sections": [
            _length(planned["index"], planned["target_words"], state)
            for planned in state["outline"]["sections"]
        ],
    }


def _against_reader(grade: float | None, reader: StoryReader) -> dict[str, Any]:
    """The reader's own school grade (a child of six is in none yet), and how the text compares."""
    own = reader_grade(reader)
    if grade is None:
        return {"reader_grade": own, "grade_difference": None, "fits_reader": "unrated"}
    difference = round(grade - own, 1)
    fit = "hard" if difference > _FITS else "easy" if difference < -_FITS else "right"
    return {"reader_grade": own, "grade_difference": difference, "fits_reader": fit}


def _words_per_sentence(text: str, words: int, language: str) -> float:
    sentences = sum(1 for sentence in split_sentences(text, language) if count_words(sentence))
    return round(words / sentences, 1) if sentences else 0.0


def _length(index: int, target: int, state: State) -> dict[str, Any]:
    actual = count_words(state["sections"][index]["text"])
    return {
        "index": index,
        "target_words": target,
        "words": actual,
        "deviation": round(actual / target - 1, 3),
    }
