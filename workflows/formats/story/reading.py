"""Scenes, lengths and reading difficulty that suit a reader. Pure."""

from dataclasses import dataclass
from typing import Literal

from workflows.formats.story.input import StoryReader

ChapterLength = Literal["short", "usual", "long"]

# Words a scene, by reading level: what a child of that level reads in one sitting, over four scenes.
_SCENE_WORDS = {"beginner": 90, "intermediate": 160, "advanced": 260}
_BY_LENGTH = {"short": (-1, 0.75), "usual": (0, 1.0), "long": (1, 1.3)}
"""Scenes more, and how long each is."""
_FEWEST, _MOST = 3, 5
_LITTLE, _BIG = 5, 13
"""Ages up to which a chapter is shorter, and from which it is longer."""
# Words a sentence of books for children of an age; a beginner's are shorter by a fifth, an advanced reader's longer.
_SENTENCE_WORDS = {3: 6, 4: 6, 5: 7, 6: 8, 7: 9, 8: 10, 9: 11, 10: 12, 11: 13, 12: 14, 13: 15, 14: 16}
_SENTENCE_BY_LEVEL = {"beginner": 0.8, "intermediate": 1.0, "advanced": 1.2}
_LONGEST = 1.8
# School grades that a reading level is away from that of the age.
_AHEAD = {"beginner": -1, "intermediate": 0, "advanced": 1}


@dataclass(frozen=True, slots=True)
class ReadingTarget:
    """Figures for a prompt: usual and longest sentence in words, school grade."""

    sentence_words: int
    longest_sentence: int
    grade: int


def reading_for(reader: StoryReader) -> ReadingTarget:
    """What a text for this reader keeps to."""
    words = round(_SENTENCE_WORDS[reader.age] * _SENTENCE_BY_LEVEL[reader.reading_level])
    return ReadingTarget(words, round(words * _LONGEST), max(1, reader_grade(reader)))


def reader_grade(reader: StoryReader) -> int:
    """The reader's own school grade; a child of six is in none yet."""
    return max(0, reader.age - 6 + _AHEAD[reader.reading_level])


def plan_scenes(reader: StoryReader, length: ChapterLength) -> tuple[int, int]:
    """How many scenes a chapter has, and how many words each."""
    more, scale = _BY_LENGTH[length]
    scenes, words = 4 + more, _SCENE_WORDS[reader.reading_level] * scale
    if reader.age <= _LITTLE:
        scenes, words = scenes - 1, words * 0.8
    elif reader.age >= _BIG:
        scenes, words = scenes + 1, words * 1.2
    return min(_MOST, max(_FEWEST, scenes)), round(words)


def divide_words(reader: StoryReader, length: ChapterLength, scenes: int) -> list[int]:
    """The words of each of so many scenes, which are together as long as the chapter is to be."""
    usual, words = plan_scenes(reader, length)
    each, over = divmod(usual * words, scenes)
    return [each + (index < over) for index in range(scenes)]
