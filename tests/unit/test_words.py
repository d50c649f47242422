"""Words, paragraphs, and what is measured with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.text.metrics.readability import vocabulary_level
from workflows.text.words import WordCounter, count_words, last_paragraph, list_words

texts = st.text(st.sampled_from("ab .!?…\"'”’»)]\n。！שx-_1") | st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \n… — !?", 0),
        ("well-known", 1),
        ("don't don’t", 2),
        ("Once upon a time, in 1999, …", 6),
        ("snake_case", 2),
        ("rock 'n' roll", 3),
        ("naïve café", 2),
        ("היה פעם ילד", 3),
        ("צה\"ל", 2),
    ],
)  # fmt: skip
def test_count_words_counts_as_a_reader_does(text: str, count: int) -> None:
    assert count_words(text) == count


@given(texts)
def test_list_words_are_as_many_as_are_counted_and_stand_in_order(text: str) -> None:
    words = list_words(text)
    assert len(words) == count_words(text)
    position = 0
    for word in words:
        position = text.index(word, position) + len(word)


@given(texts, st.integers(1, 9))
def test_words_of_a_stream_are_as_many_as_of_the_whole_however_it_is_cut(text: str, size: int) -> None:
    counter = WordCounter()
    assert sum(
        counter.feed(text[start : start + size]) for start in range(0, len(text), size)
    ) == count_words(text)


@given(texts, texts, st.integers(1, 5))
def test_word_found_in_a_chunk_is_the_first_that_the_counter_has_not_counted(
    before: str, chunk: str, number: int
) -> None:
    counter = WordCounter()
    known = counter.feed(before)
    place = counter.find_word(chunk, number)
    assert count_words(before + chunk[:place]) == min(known + number - 1, count_words(before + chunk))
    assert place == len(chunk) or count_words(before + chunk[: place + 1]) == known + number


@pytest.mark.parametrize(
    ("text", "paragraph"),
    [
        ("", ""),
        ("One.", "One."),
        ("One.\n\nTwo.\nStill two.", "Two.\nStill two."),
        ("One.\n\nTwo.\n\n", "Two."),
    ],
)
def test_last_paragraph_is_what_the_text_ends_with(text: str, paragraph: str) -> None:
    assert last_paragraph(text) == paragraph


@pytest.mark.parametrize(
    ("grade", "level"),
    [
        (None, "unrated"),
        (0.0, "beginner"),
        (2.9, "beginner"),
        (3.0, "intermediate"),
        (6.9, "intermediate"),
        (7.0, "advanced"),
        (16.0, "advanced"),
    ],
)
def test_vocabulary_level_follows_the_grade(grade: float | None, level: str) -> None:
    assert vocabulary_level(grade) == level
