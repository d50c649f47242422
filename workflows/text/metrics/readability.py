"""Readability of a text, by textstat's measures that need no dictionary of syllables."""

from workflows.text.words import count_words


def reading_grade(text: str, language: str = "en") -> float | None:
    """US school grade (Automated Readability Index, 0–16), or None where the measure doesn't apply.

    The index is built on English: characters a word and words a sentence.
    """
    if language != "en" or not count_words(text):
        return None
    import textstat  # takes a second to import: only the metrics of a finished text pay for it

    return float(min(16.0, max(0.0, textstat.automated_readability_index(text))))


def vocabulary_level(grade: float | None) -> str:
    """`beginner`, `intermediate` or `advanced`, by a school grade; `unrated` without one."""
    if grade is None:
        return "unrated"
    if grade < 3:
        return "beginner"
    return "intermediate" if grade < 7 else "advanced"
