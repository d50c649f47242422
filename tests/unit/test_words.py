"""Words, sentences, paragraphs, and what is measured with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.text.readability import vocabulary_level
from workflows.text.repetition import repetition
from workflows.text.words import (
    count_words,
    last_paragraph,
    last_sentence_end,
    list_words,
    split_sentences,
)

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


@given(texts)
def test_split_sentences_joined_is_the_text_again(text: str) -> None:
    sentences = split_sentences(text)
    assert "".join(sentences) == text
    assert all(sentences)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three", ["One.", " Two!", " Three"]),
        ("“Stop!” she said. He did.", ["“Stop!”", " she said.", " He did."]),
        ("Pi is 3.14 here. End.", ["Pi is 3.14 here.", " End."]),
        ("Well… Yes?! No.", ["Well…", " Yes?!", " No."]),
        ("A line\n\nAnother", ["A line", "\n\n", "Another"][:0] or ["A line\n\n", "Another"]),
        ("天。地", ["天。", "地"]),
    ],
)
def test_split_sentences_cuts_where_a_reader_would(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(texts)
def test_last_sentence_end_is_where_the_last_cut_falls(text: str) -> None:
    end = last_sentence_end(text)
    assert 0 <= end <= len(text)
    assert last_sentence_end(text[end:]) == 0
    sentences = split_sentences(text)
    assert end in (len(text), len(text) - len(sentences[-1]) if sentences else 0)


@given(texts, texts)
def test_last_sentence_end_with_more_text_never_goes_back(text: str, more: str) -> None:
    assert last_sentence_end(text + more) >= last_sentence_end(text)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", 0),
        ("No end", 0),
        ("Perhaps not over.", 0),
        ("Over. ", 5),
        ("He said “Stop!” and", 15),
        ("3.14", 0),
        ("Line\n", 5),
    ],
)
def test_last_sentence_end_waits_for_what_follows(text: str, end: int) -> None:
    assert last_sentence_end(text) == end


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


def test_repetition_of_a_text_said_twice_is_high_and_of_fresh_text_zero() -> None:
    line = "the cat sat on the mat and looked at the moon "
    assert repetition(" ".join(f"word{i}" for i in range(50))) == 0
    assert repetition(line * 10) == 1
    assert repetition(line.upper() + line) > 0.3
    assert repetition("too short") == 0


@given(texts)
def test_repetition_is_a_share(text: str) -> None:
    assert 0 <= repetition(text, size=2) <= 1


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
