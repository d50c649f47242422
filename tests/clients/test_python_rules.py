"""The Python client's rules, with a service that is scripted answer by answer."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from storywire_client import (
    HashMismatch,
    Reconnect,
    Refused,
    Retracted,
    RunFailed,
    Story,
    Storywire,
    Unreachable,
)
from storywire_client.reconnect import LONGEST_WAIT

QUICK = Reconnect(first=0, most=0)
Answer = httpx2.Response | Exception


def frame(seq: int, kind: str, run_id: str = "R", **data: Any) -> str:
    """A frame as the service sends it."""
    body = json.dumps({"type": kind, "data": data})
    return f"id: {run_id}:{seq}\nevent: story_chunk\ndata: {body}\n\n"


def content(seq: int, section: int, chunk: str, done: bool = False) -> str:
    """Text of a section."""
    return frame(seq, "content", section=section, chunk=chunk, is_complete=done)


def complete(seq: int, text: str, sha256: str | None = None) -> str:
    """The last message of a run."""
    sha256 = sha256 or hashlib.sha256(text.encode()).hexdigest()
    return frame(seq, "complete", success=True, run_id="R", story_content=text, sha256=sha256)


def stream(*frames: str) -> httpx2.Response:
    """A stream that ends after these frames."""
    headers = {"Content-Type": "text/event-stream", "X-Run-Id": "R"}
    return httpx2.Response(200, headers=headers, content="".join(frames).encode())


def problem(status: int, code: str, **headers: str) -> httpx2.Response:
    """A refusal."""
    return httpx2.Response(status, json={"code": code, "detail": f"{code} it is"}, headers=headers)


Client = Callable[..., Storywire]


@pytest.fixture
def requests() -> list[httpx2.Request]:
    return []


@pytest.fixture
def client(requests: list[httpx2.Request]) -> Iterator[Client]:
    made: list[Storywire] = []

    def make(*answers: Answer, reconnect: Reconnect = QUICK) -> Storywire:
        left = iter(answers)

        def answer(request: httpx2.Request) -> httpx2.Response:
            requests.append(request)
            given = next(left)
            if isinstance(given, Exception):
                raise given
            return given

        made.append(Storywire("http://s", transport=httpx2.MockTransport(answer), reconnect=reconnect))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_end_without_a_last_message_is_a_break(client: Client, requests: list[httpx2.Request]) -> None:
    service = client(
        stream(content(1, 0, "One")), stream(content(2, 0, " two.", True), complete(3, "One two."))
    )
    assert service.start("story", {}).result()["story_content"] == "One two."
    assert requests[1].headers["Last-Event-ID"] == "R:1"


def test_messages_with_an_old_number_are_dropped(client: Client) -> None:
    service = client(
        stream(content(1, 0, "One"), content(1, 0, "One")),
        stream(content(1, 0, "One"), content(2, 0, " two.", True), complete(3, "One two.")),
    )
    story = service.follow("R")
    assert [message["seq"] for message in story] == [1, 2, 3]
    assert story.result()["story_content"] == "One two."


def test_frame_that_is_cut_off_is_not_taken(client: Client) -> None:
    half = content(2, 0, " two.", True)
    service = client(stream(content(1, 0, "One"), half[:-1]), stream(half, complete(3, "One two.")))
    assert [message["seq"] for message in service.follow("R")] == [1, 2, 3]


def test_messages_and_fields_of_a_later_version_are_passed_over(client: Client) -> None:
    service = client(
        stream(
            frame(1, "applause", loud=True),
            frame(2, "content", section=0, chunk="One.", is_complete=True, colour="red"),
            complete(3, "One."),
        )
    )
    story = service.follow("R")
    assert [message["type"] for message in story] == ["content", "complete"]
    assert story.last_event_id == "R:3"


def test_text_that_is_not_the_services_is_a_hash_mismatch(client: Client) -> None:
    lost = client(stream(content(1, 0, "On", True), complete(2, "One.")))
    with pytest.raises(HashMismatch):
        lost.follow("R").result()
    wrong = client(stream(content(1, 0, "One.", True), complete(2, "One.", sha256="0" * 64)))
    with pytest.raises(HashMismatch):
        wrong.follow("R").result()


def test_piece_counts_neither_in_the_text_nor_in_its_hash(client: Client) -> None:
    beside = frame(2, "content", section=0, chunk="Short.", is_complete=True, piece="M1")
    story = client(stream(content(1, 0, "One.", True), beside, complete(3, "One."))).follow("R")
    assert story.result()["story_content"] == "One."
    assert story.pieces == {"M1": "Short."}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_refusal_is_final(client: Client, requests: list[httpx2.Request], status: int) -> None:
    with pytest.raises(Refused) as refused:
        client(problem(status, "SOME_CODE")).follow("R").result()
    assert (refused.value.status, refused.value.code, refused.value.retryable) == (status, "SOME_CODE", False)
    assert len(requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_failure_is_tried_again(client: Client, requests: list[httpx2.Request], status: int) -> None:
    service = client(
        problem(status, "PASSING"),
        httpx2.ConnectError("no"),
        stream(content(1, 0, "One.", True), complete(2, "One.")),
    )
    assert service.follow("R").result()["story_content"] == "One."
    assert len(requests) == 3


@pytest.mark.parametrize(
    "answer",
    [
        problem(503, "MODEL_NOT_CONFIGURED"),
        problem(429, "QUOTA_EXCEEDED", **{"Retry-After": "3"}),
        problem(429, "RATE_LIMITED", **{"Retry-After": str(int(LONGEST_WAIT) + 1)}),
    ],
)
def test_failure_that_lasts_longer_than_anybody_waits_is_final(
    client: Client, answer: httpx2.Response
) -> None:
    with pytest.raises(Refused):
        client(answer).start("story", {})


def test_attempts_are_counted_from_the_last_message(client: Client, requests: list[httpx2.Request]) -> None:
    breaks = [stream(content(number, 0, "x")) for number in range(1, 6)]
    service = client(*breaks, *[stream()] * 2, reconnect=Reconnect(attempts=3, first=0, most=0))
    story = service.follow("R")
    with pytest.raises(Unreachable):
        story.result()
    assert story.last_event_id == "R:5"
    assert len(requests) == 7


def test_pause_is_what_the_service_asks_for_else_grows_with_jitter() -> None:
    policy = Reconnect(first=0.5, most=30)
    assert 7 <= policy.delay(1, 7.0) <= 7.7
    assert 0.25 <= policy.delay(1) <= 0.5
    assert 2 <= policy.delay(4) <= 4
    assert 15 <= policy.delay(1000) <= 30
    assert 1 <= policy.delay(1, None, 2.0) <= 2
    assert len({policy.delay(3) for _ in range(20)}) > 1


def test_complete_of_several_megabytes_is_read(client: Client) -> None:
    text = "סיפור " * 400_000
    assert (
        client(stream(content(1, 0, text, True), complete(2, text))).follow("R").result()["story_content"]
        == text
    )


def test_text_raises_when_printed_text_is_taken_back(client: Client) -> None:
    taken = frame(2, "retract", section=0, reason="safety")
    story = client(stream(content(1, 0, "One"), taken)).follow("R")
    pieces = story.text()
    assert next(pieces) == "One"
    with pytest.raises(Retracted) as retracted:
        next(pieces)
    assert retracted.value.section == 0


def test_text_of_a_section_that_was_not_printed_yet_may_be_taken_back(client: Client) -> None:
    story = client(
        stream(
            content(1, 0, "One"),
            content(2, 1, "No.", True),
            frame(3, "retract", section=1, reason="restart"),
            content(4, 1, "Two.", True),
            content(5, 0, ".", True),
            complete(6, "One.\n\nTwo."),
        )
    ).follow("R")
    assert list(story.text()) == ["One", ".\n\nTwo."]


def test_section_that_waited_for_a_withdrawn_one_is_printed_at_the_end(client: Client) -> None:
    outline = frame(1, "outline", title="T", sections=[{"index": 0}, {"index": 1}])
    story = client(stream(outline, content(2, 1, "Two.", True), complete(3, "Two."))).follow("R")
    assert list(story.text()) == ["Two."]


def test_text_raises_when_the_run_fails(client: Client) -> None:
    failed = frame(
        2, "error", code="TIMEOUT", message="Too long.", retryable=True, resumable=True, partial={}
    )
    story = client(stream(content(1, 0, "One"), failed)).follow("R")
    with pytest.raises(RunFailed, match=r"Too long\.") as error:
        list(story.text())
    assert (error.value.code, error.value.resumable, error.value.run_id) == ("TIMEOUT", True, "R")


def test_second_loop_goes_on_where_the_first_one_left(client: Client) -> None:
    story: Story = client(stream(content(1, 0, "One"), content(2, 0, ".", True), complete(3, "One."))).follow(
        "R"
    )
    assert next(iter(story))["seq"] == 1
    assert [message["seq"] for message in story] == [2, 3]


def test_reading_can_go_on_after_the_attempts_are_used_up(client: Client) -> None:
    once = Reconnect(attempts=1)
    service = client(
        stream(content(1, 0, "One")), stream(content(2, 0, ".", True), complete(3, "One.")), reconnect=once
    )
    story = service.follow("R")
    with pytest.raises(Unreachable):
        list(story)
    assert story.result()["story_content"] == "One."


def test_resume_is_not_repeated_when_its_answer_was_lost(
    client: Client, requests: list[httpx2.Request]
) -> None:
    with pytest.raises(Unreachable):
        client(httpx2.ReadError("cut")).runs.resume("R")
    assert len(requests) == 1


def test_address_without_a_scheme_is_an_error_and_no_endless_wait() -> None:
    with Storywire("storywire.local") as service, pytest.raises(httpx2.UnsupportedProtocol):
        service.start("story", {})


def brief(seq: int, text: str) -> str:
    """The last message of a run without its texts."""
    return frame(
        seq,
        "complete",
        success=True,
        run_id="R",
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        sections=[{"index": 0, "title": "A", "words": 1}, {"index": 1, "title": "B", "words": 1}],
        pieces=[{"name": "M1", "title": "Short", "words": 1}],
    )


def test_complete_that_comes_without_the_text_has_the_text_that_was_read_checked_by_its_hash(
    client: Client, requests: list[httpx2.Request]
) -> None:
    piece = frame(3, "content", section=0, chunk="S", is_complete=True, piece="M1")
    frames = (content(1, 0, "One.", True), content(2, 1, "Two.", True), piece)
    result = client(stream(*frames, brief(4, "One.\n\nTwo."))).follow("R", complete="brief").result()
    assert result["story_content"] == "One.\n\nTwo."
    assert [each["text"] for each in (*result["sections"], *result["pieces"])] == ["One.", "Two.", "S"]
    assert requests[0].url.query == b"complete=brief"
    with pytest.raises(HashMismatch):
        client(stream(*frames, brief(4, "One.\n\nToo."))).follow("R", complete="brief").result()


def test_reader_with_a_cursor_asks_for_the_whole_text_which_it_has_not(
    client: Client, requests: list[httpx2.Request]
) -> None:
    story = client(stream(content(5, 1, "end.", True), complete(6, "One.\n\nThe end."))).follow(
        "R", after="R:4", complete="brief"
    )
    assert story.result()["story_content"] == "One.\n\nThe end."
    assert requests[0].url.query == b""


def test_token_function_is_called_anew_for_each_attempt(requests: list[httpx2.Request]) -> None:
    tokens = iter("abc")
    answers = iter([stream(content(1, 0, "One", True)), problem(503, "X"), stream(complete(2, "One"))])

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return next(answers)

    transport = httpx2.MockTransport(answer)
    with Storywire("http://s", token=lambda: next(tokens), reconnect=QUICK, transport=transport) as service:
        service.follow("R").result()
    assert [request.headers["Authorization"] for request in requests] == ["Bearer a", "Bearer b", "Bearer c"]
