"""How long a continuation may be: its own end counts more than the room, up to a bound."""

from hypothesis import given
from hypothesis import strategies as st

from workflows.text.streams.continuation import continuation_room, continuation_words
from workflows.text.streams.length import room_for


def test_continuation_is_requested_by_what_the_model_made_of_the_first_request() -> None:
    assert continuation_words(room_for(300, 0.1), 210, 0.7) == 107  # which makes 75: 285 in all
    assert continuation_words(room_for(300, 0.1), 210, 1.5) == 60


def test_continuation_is_requested_for_no_more_than_is_missing_where_that_is_enough() -> None:
    assert continuation_words(room_for(300, 0.25), 210, 0.7) == 90


def test_continuation_is_requested_for_no_more_than_fits_into_the_room() -> None:
    assert continuation_words(room_for(300, 0.1), 180, 0.6) == 150


@given(st.integers(20, 2000), st.floats(0.05, 0.3), st.floats(0.1, 0.95), st.floats(0.4, 2.5))
def test_continuation_has_room_for_all_that_the_section_may_still_have_and_for_an_overrun(
    target: int, tolerance: float, share: float, ratio: float
) -> None:
    room = room_for(target, tolerance)
    written = min(room.least - 1, max(1, round(target * share)))
    requested = continuation_words(room, written, ratio)
    left = continuation_room(room, written, requested)
    assert 1 <= requested <= room.most - written <= left.most
    assert left.most >= round(2.1 * requested)
    assert 1 <= left.least <= left.target <= left.most


@given(st.integers(20, 2000), st.floats(0.1, 0.95), st.floats(0.4, 2.5))
def test_continuation_of_a_rewrite_stays_in_the_room_of_its_section(
    target: int, share: float, ratio: float
) -> None:
    room = room_for(target, 0.1)
    written = min(room.least - 1, max(1, round(target * share)))
    requested = continuation_words(room, written, ratio, within=True)
    left = continuation_room(room, written, requested, within=True)
    assert requested == room.target - written
    assert written + left.most == room.most
