"""Endings are held back until they are known to fit; a text that runs over ends where a landing has room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.prose import write_prose
from workflows.text.sentences import split_sentences
from workflows.text.streams.landing import LandingBuffer, landing_room, landing_words
from workflows.text.streams.length import Room, room_for
from workflows.text.words import count_words

texts = st.builds(write_prose, st.text(max_size=4), st.integers(1, 400))
rough = st.text(st.sampled_from("ab. \n!?”-'|"), max_size=400)


def feed(text: str, room: Room, size: int = 7) -> tuple[str, LandingBuffer]:
    buffer = LandingBuffer(room)
    given = "".join(buffer.feed(text[start : start + size]) for start in range(0, len(text), size))
    return given + buffer.close(), buffer


@given(texts | rough, st.integers(10, 300), st.integers(1, 60))
def test_text_that_fits_passes_whole_and_one_that_runs_over_ends_before_its_landing(
    text: str, target: int, size: int
) -> None:
    text, room = text.strip(), room_for(target, 0.15)
    told, buffer = feed(text, room, size)
    assert text.startswith(told) and told == told.rstrip()
    assert buffer.is_full == (count_words(text) > room.most)
    assert buffer.is_full or told == text
    told_at_once, at_once = feed(text, room, len(text) or 1)
    assert (told, buffer.replied) == (told_at_once, at_once.replied)
    assert buffer.words == count_words(told)


@given(st.integers(0, 500), st.sampled_from([60, 90, 300, 1500]), st.floats(0.6, 1.8))
def test_landing_of_any_length_fits_after_a_text_that_ran_over(seed: int, target: int, scale: float) -> None:
    room = room_for(target, 0.15, 30)
    told, buffer = feed(write_prose(f"seed {seed}", target * 2), room)
    assert buffer.is_full and told in _ends(write_prose(f"seed {seed}", target * 2))
    landing = round(landing_words(room, buffer.words) * scale)
    left = landing_room(room, buffer.words)
    assert buffer.words + landing <= room.most
    assert left.least <= left.target <= left.most and buffer.words + left.most <= room.most
    if scale >= 1:
        assert buffer.words + landing >= room.least


def _ends(text: str) -> set[str]:
    found, position = {""}, 0
    for sentence in split_sentences(text):
        position += len(sentence)
        found.add(text[:position].rstrip())
    return found


def test_text_passes_at_once_while_it_is_far_from_its_landing() -> None:
    buffer = LandingBuffer(Room(170, 200, 230))
    assert buffer.feed("One two thr") == "One two thr"
    assert buffer.feed("ee four.") == "ee four."


def test_end_of_a_text_waits_until_it_is_known_to_fit() -> None:
    buffer = LandingBuffer(Room(8, 10, 12))
    assert buffer.feed("One two three four five six seven eight. The lamp burned. ") == ""
    assert buffer.rest.startswith("One two")
    assert buffer.close() == "One two three four five six seven eight. The lamp burned."
    assert not buffer.is_full


@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_text_without_a_sentences_end_stops_where_it_was_shown_to(size: int) -> None:
    told, buffer = feed("word " * 600, Room(255, 300, 345), size)
    assert buffer.is_full
    assert count_words(told) == buffer.words <= 300


_ROW = "| Evening Circle | 90 euros | Ask three people. | Nobody pays for it. |\n"
TABLE = "| Idea | Price | First step | Risk |\n|---|---|---|---|\n" + _ROW * 4


@pytest.mark.parametrize("size", [1, 5, 64, 100_000])
@pytest.mark.parametrize("before", range(100, 300, 20))
def test_table_is_never_cut_where_a_text_runs_over(before: int, size: int) -> None:
    start = write_prose("ideas", before)
    text = f"{start}\n\n{TABLE}\n{write_prose('after', 200)}"
    told, buffer = feed(text, room_for(300, 0.15), size)
    assert buffer.is_full and text.startswith(told) and buffer.words == count_words(told)
    assert told == feed(text, room_for(300, 0.15), len(text))[0]
    assert told.startswith(f"{start}\n\n{TABLE}".rstrip()) if "|" in told else start.startswith(told)
    assert ("|" in told) == (count_words(start + TABLE) <= 242)  # where the landing begins


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_table_at_the_end_of_a_text_that_fits_passes_whole(size: int) -> None:
    text = f"{write_prose('ideas', 230)}\n\n{TABLE}".rstrip()
    told, buffer = feed(text, room_for(300, 0.15), size)
    assert told == text and not buffer.is_full


def test_table_far_from_the_landing_passes_at_once() -> None:
    buffer = LandingBuffer(room_for(2000, 0.15))
    assert buffer.feed("") == ""
    assert buffer.feed(f"Ideas.\n\n{TABLE}") == f"Ideas.\n\n{TABLE}".rstrip()


@pytest.mark.parametrize("size", [1, 9, 10_000])
def test_table_is_not_cut_within_a_row_however_it_comes(size: int) -> None:
    text = "| of two | words |\n| 1 | 2 |\n" + "word " * 200
    told, buffer = feed(text, Room(40, 80, 139), size)
    assert (told, buffer.is_full) == ("| of two | words |", True)
