"""Lengths are kept: targets planned anew, models asked for what they fall short of, texts cut at a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.prose import write_prose
from workflows.text.sentences import split_sentences
from workflows.text.streams.length import (
    Correction,
    Room,
    SectionLength,
    Trimmer,
    ask_for,
    plan_targets,
    reply_ratio,
    room_for,
)
from workflows.text.words import count_words

texts = st.builds(write_prose, st.text(max_size=4), st.integers(1, 400))
rough = st.text(st.sampled_from("ab. \n!?”-'"), max_size=400)


def length(asked: int, replied: int, *corrections: Correction) -> SectionLength:
    return SectionLength(
        target_words=asked, asked_words=asked, replied_words=replied, corrections=list(corrections)
    )


def trim(text: str, room: Room, size: int = 7) -> tuple[str, Trimmer]:
    trimmer = Trimmer(room)
    given = "".join(trimmer.feed(text[start : start + size]) for start in range(0, len(text), size))
    return given + trimmer.close(), trimmer


def test_targets_of_what_is_left_make_up_for_what_was_written() -> None:
    planned = {0: 100, 1: 100, 2: 200}
    assert plan_targets(planned, {}) == planned
    assert plan_targets(planned, {0: 85}) == {1: 105, 2: 210}
    assert plan_targets(planned, {0: 85, 1: 105}) == {2: 210}


def test_targets_are_moved_by_a_quarter_at_most() -> None:
    assert plan_targets({0: 100, 1: 100}, {0: 10}) == {1: 125}
    assert plan_targets({0: 100, 1: 100}, {0: 300}) == {1: 75}


@given(st.dictionaries(st.integers(0, 9), st.integers(10, 2000), min_size=1), st.data())
def test_targets_keep_the_whole_where_what_was_written_is_near_its_target(
    planned: dict[int, int], data: st.DataObject
) -> None:
    done = data.draw(st.sets(st.sampled_from(sorted(planned)), max_size=len(planned) - 1))
    written = {index: round(planned[index] * data.draw(st.floats(0.97, 1.03))) for index in done}
    targets = plan_targets(planned, written)
    assert set(targets) == set(planned) - done
    left = sum(planned.values()) - sum(written.values())
    if sum(planned[i] for i in targets) * 5 > sum(planned.values()):
        assert abs(sum(targets.values()) - left) <= len(targets)


def test_ratio_is_taken_from_the_newest_replies_of_the_run() -> None:
    assert reply_ratio([]) == 1.0
    assert reply_ratio([length(100, 70)]) == pytest.approx(0.7)
    assert reply_ratio([length(100, 10), *[length(100, 80)] * 3]) == pytest.approx(0.8)
    assert ask_for(400, 0.8) == 500


def test_ratio_of_a_reply_that_was_cut_says_that_it_would_have_been_longer() -> None:
    assert reply_ratio([length(100, 103, "trimmed")]) > 1.1
    assert reply_ratio([length(100, 70, "continued", "trimmed")]) == pytest.approx(0.7)


def test_ratio_is_believed_within_bounds() -> None:
    assert reply_ratio([length(1000, 3)]) == 0.4
    assert reply_ratio([length(10, 3000)]) == 2.5


def test_room_of_a_short_section_is_half_a_sentence_to_either_side() -> None:
    assert room_for(1500, 0.03) == Room(1455, 1500, 1545)
    assert room_for(80, 0.03) == Room(72, 80, 88)


@given(texts | rough, st.integers(10, 300), st.integers(1, 60))
def test_trimmed_text_never_has_more_words_than_its_room_however_it_comes(
    text: str, target: int, size: int
) -> None:
    text, room = text.strip(), room_for(target, 0.03)
    given, trimmer = trim(text, room, size)
    assert text.startswith(given)
    assert given == given.rstrip()
    assert count_words(given) <= room.most
    assert trimmer.is_full == (given != text)
    assert given == trim(text, room, len(text) or 1)[0]
    assert trimmer.words == count_words(given)


@given(texts, st.integers(30, 300))
def test_text_that_fits_its_room_is_left_whole_to_its_natural_end(text: str, target: int) -> None:
    room = room_for(target, 0.1)
    given, _ = trim(text, room)
    assert (given == text) == (count_words(text) <= room.most)


@given(st.integers(0, 500), st.sampled_from([300, 400, 1500]))
def test_text_that_runs_over_ends_with_a_sentence_near_its_target(seed: int, target: int) -> None:
    text = write_prose(f"seed {seed}", round(target * 1.3))
    room = room_for(target, 0.03)
    given, _ = trim(text, room, 6)
    ends, position = set(), 0
    for sentence in split_sentences(text):
        position += len(sentence)
        ends.add(text[:position].rstrip())
    assert given in ends
    near = [end for end in ends if room.least <= count_words(end) <= room.most]
    if near:
        assert abs(count_words(given) - target) == min(abs(count_words(end) - target) for end in near)


def test_trimmed_text_passes_at_once_while_it_is_sure_to_fit() -> None:
    trimmer = Trimmer(Room(90, 100, 110))
    assert trimmer.feed("One two thr") == "One two thr"
    assert trimmer.feed("ee four.") == "ee four."


def test_a_sentence_without_an_end_is_cut_at_a_word_near_the_target() -> None:
    given, trimmer = trim("word " * 500, Room(90, 100, 110))
    assert count_words(given) == 100
    assert trimmer.is_full
