"""Messages of a later version are understood as far as they can be."""

import json
from typing import Any

import pytest

from tests.unit.messages import EVERY_TYPE
from workflows.messages.lenient import decode_stored, read_message
from workflows.messages.messages import (
    Message,
    NodeChanged,
    RunCompleted,
    SafetyChecked,
    TextAppended,
    TextRetracted,
    decode,
    encode,
)


def line(type: str, **data: Any) -> str:
    return json.dumps({"type": type, "data": data})


@pytest.mark.parametrize("message", EVERY_TYPE, ids=lambda message: message.type)
def test_message_of_ours_is_read_as_it_was_written(message: Message) -> None:
    read = read_message(encode(message))
    assert read is not None and encode(read) == encode(message)


def test_type_that_is_not_known_is_no_message() -> None:
    assert read_message(line("applause", volume=11)) is None


def test_fields_that_are_not_known_are_left_aside() -> None:
    told = read_message(
        '{"type":"content","data":{"section":2,"chunk":"Once","is_complete":false,"voice":"low"},"hint":1}'
    )
    assert isinstance(told, TextAppended)
    assert (told.section, told.chunk, told.piece) == (2, "Once", None)


def test_fields_within_fields_may_be_new_too() -> None:
    issue = {"category": "x", "severity": "low", "advice": "y", "rule": 7}
    told = read_message(line("safety_check", stage="final", approved=True, score=1, issues=[issue]))
    assert isinstance(told, SafetyChecked) and told.issues[0]["category"] == "x"


def test_value_that_is_not_known_does_not_lose_the_message() -> None:
    retraction = read_message(line("retract", section=3, reason="weather"))
    event = read_message(line("node_event", node="translate", status="started"))

    assert isinstance(retraction, TextRetracted) and retraction.section == 3
    assert isinstance(event, NodeChanged) and event.node == "translate"  # type: ignore[comparison-overlap]


def test_results_of_a_format_are_kept() -> None:
    metadata = {
        "word_count": 1,
        "estimated_reading_time": 0.1,
        "vocabulary_level": "unrated",
        "educational_elements": [],
    }
    told = read_message(
        line(
            "complete",
            success=True,
            run_id="r",
            title="t",
            story_content="x",
            sections=[],
            sha256="0",
            metadata=metadata,
            usage={"model": "m", "input_tokens": 1, "output_tokens": 1},
            cached=False,
            choices=[1],
        )
    )
    assert isinstance(told, RunCompleted) and told.model_dump()["choices"] == [1]


@pytest.mark.parametrize(
    "text", ["", "hello", "[]", '{"data":{}}', '{"type":"content"}', line("content", chunk="no section")]
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_message(text)


def test_writing_side_stays_strict() -> None:
    with pytest.raises(ValueError):
        decode(line("content", section=0, chunk="x", is_complete=False, voice="low"))


@pytest.mark.parametrize("section", ["99999999999999999999", "999999999", "10001", "-1", '"zero"'])
def test_stored_text_of_a_section_that_no_text_has_is_left_out(section: str) -> None:
    """Whoever reads on counts up to it."""
    for line in (
        '{"type":"content","data":{"section":%s,"chunk":"A","is_complete":true}}',
        '{"type":"retract","data":{"section":%s,"reason":"of a later version"}}',
    ):
        assert decode_stored(line % section) is None
        assert decode_stored(line % 10_000) is not None


@pytest.mark.parametrize("line", [b"\xff\xfe", b"", b'{"type":', b"null", b"[]"])
def test_stored_message_that_is_damaged_is_left_out(line: bytes) -> None:
    assert decode_stored(line) is None
