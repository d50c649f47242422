"""Frames on the wire and the ids in them."""

import pytest
from httpx2 import EventSource, Request, Response, ServerSentEvent
from hypothesis import given
from hypothesis import strategies as st

from backend.log.entry import Entry
from backend.streaming.sse import frame, frames, parse_event_id, retry_line
from tests.unit.logs import run_logs
from tests.unit.messages import content
from workflows.messages.messages import encode

RUN = "01JD8V5S3E9T0B6Q0000000000"


def read_frames(wire: bytes) -> list[ServerSentEvent]:
    """What a client makes of them."""
    request = Request("GET", "http://127.0.0.1/")
    headers = {"Content-Type": "text/event-stream; charset=utf-8"}
    return list(EventSource(Response(200, headers=headers, content=wire, request=request)))


@given(run_logs)
def test_frames_read_by_a_client_are_the_entries(log: list[Entry]) -> None:
    events = read_frames(frames(RUN, log))
    assert [(event.id, event.event) for event in events] == [
        (f"{RUN}:{entry.seq}", "story_chunk") for entry in log
    ]
    assert [event.data.encode() for event in events] == [entry.data for entry in log]


def test_frame_of_text_with_line_ends_is_one_event() -> None:
    entry = Entry(7, "content", encode(content(0, "a\nb\r\n\ndata: c\u2028d")))
    (event,) = read_frames(frame(RUN, entry))
    assert event.data.encode() == entry.data


def test_frame_is_id_event_and_data_each_on_a_line() -> None:
    assert frame("r", Entry(17, "content", b"{}")) == b"id: r:17\nevent: story_chunk\ndata: {}\n\n"
    assert frames("r", []) == b""


def test_frames_of_a_view_count_on_from_its_first_id() -> None:
    two = [Entry(1, "content", b"{}"), Entry(3, "content", b"{}")]
    assert [event.id for event in read_frames(frames(RUN, two, 2_000))] == [f"{RUN}:2001", f"{RUN}:2003"]


def test_retry_line_before_a_frame_belongs_to_it() -> None:
    (event,) = read_frames(retry_line(2000) + frame("r", Entry(1, "content", b"{}")))
    assert (event.retry, event.id) == (2000, "r:1")


@given(st.text(st.characters(codec="ascii", categories=["L", "Nd"]), min_size=1), st.integers(0, 10**15 - 1))
def test_parse_event_id_gives_back_what_a_frame_was_given(run_id: str, seq: int) -> None:
    (event,) = read_frames(frame(run_id, Entry(seq, "content", b"{}")))
    assert parse_event_id(event.id) == (run_id, seq)


def test_parse_event_id_takes_the_number_after_the_last_colon() -> None:
    assert parse_event_id("a:b:3") == ("a:b", 3)


@pytest.mark.parametrize(
    "event_id",
    ["", "17", ":17", "run", "run:", "run:-1", "run:+1", "run:1.0", "run:١", "run:²", "run: 1", "run:" + "9" * 16],
)  # fmt: skip
def test_parse_event_id_of_anything_else_is_refused_with_a_sentence(event_id: str) -> None:
    with pytest.raises(ValueError, match="an id looks like <run id>:<number>"):
        parse_event_id(event_id)


def test_parse_event_id_of_a_very_long_id_does_not_echo_it_all() -> None:
    with pytest.raises(ValueError, match="an id looks like") as refused:
        parse_event_id("x" * 100_000)
    assert len(str(refused.value)) < 200
