"""How long a chapter's scenes are."""

import pytest

from workflows.formats.story.input import StoryReader
from workflows.formats.story.reading import ChapterLength, divide_words, plan_scenes


@pytest.mark.parametrize("scenes", [3, 4, 5])
@pytest.mark.parametrize("length", ["short", "usual", "long"])
@pytest.mark.parametrize("age", [5, 8, 13])
def test_chapter_has_its_words_however_many_scenes_are_planned(
    age: int, length: ChapterLength, scenes: int
) -> None:
    reader = StoryReader(age=age, reading_level="beginner")
    usual, words = plan_scenes(reader, length)
    divided = divide_words(reader, length, scenes)
    assert len(divided) == scenes and sum(divided) == usual * words
    assert max(divided) - min(divided) <= 1
    assert scenes != usual or divided == [words] * usual
