"""The messages on the wire: every type there and back, nothing else, each on one line."""

from typing import get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.messages import EVERY_TYPE, content
from workflows.messages.messages import (
    TERMINAL,
    Message,
    SafetyChecked,
    StoryChunk,
    TextAppended,
    decode,
    encode,
)


def test_samples_cover_every_type_of_the_union() -> None:
    assert {type(message) for message in EVERY_TYPE} == set(get_args(Message))


@pytest.mark.parametrize("message", EVERY_TYPE, ids=lambda message: message.type)
def test_message_encoded_and_decoded_is_the_same_message(message: Message) -> None:
    line = encode(message)
    assert decode(line) == message
    assert decode(line.decode()) == message
    assert set(orjson.loads(line)) == {"type", "data"}


@given(st.text(st.characters(codec="utf-8") | st.sampled_from('\n\r\u2028\u2029\u0085\x0b"\\')))
def test_content_with_any_text_is_one_line_and_comes_back_whole(text: str) -> None:
    line = encode(content(0, text))
    assert b"\n" not in line and b"\r" not in line
    assert decode(line) == content(0, text)


def test_encode_leaves_out_what_is_not_set() -> None:
    assert encode(content(2, "Hi")) == (
        b'{"type":"content","data":{"section":2,"chunk":"Hi","is_complete":false}}'
    )


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b'"content"',
        b'{"type":"content","data":{"section":0,"chunk":"a"}',
        b'{"type":"gossip","data":{}}',
        b'{"data":{"section":0,"chunk":"a"}}',
        b'{"type":"content"}',
        b'{"type":"content","data":{"section":0}}',
        b'{"type":"content","data":{"section":0,"chunk":"a","mood":"calm"}}',
        b'{"type":"retract","data":{"section":0,"reason":"boredom"}}',
        b'{"type":"progress","data":{"percent":101,"words":0,"target_words":0,"message":""}}',
        b'{"type":"node_event","data":{"node":"kitchen","status":"started"}}',
        b'{"type":"content","data":{"section":0,"chunk":"\xff"}}',
    ],
)
def test_decode_of_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(ValidationError):
        decode(line)


@pytest.mark.parametrize("score", [-0.1, 1.1])
def test_verdict_with_a_score_beyond_its_scale_is_refused(score: float) -> None:
    with pytest.raises(ValidationError):
        SafetyChecked(stage="final", approved=True, score=score, issues=[])


def test_message_data_once_made_does_not_change() -> None:
    with pytest.raises(ValidationError):
        TextAppended(section=0, chunk="a").chunk = "b"  # type: ignore[misc]


def test_terminal_types_are_types_of_the_union() -> None:
    types = {message.type for message in EVERY_TYPE}
    assert types >= TERMINAL


def test_schema_names_every_type_by_its_tag() -> None:
    schema = StoryChunk.json_schema()
    assert schema["discriminator"]["propertyName"] == "type"
    assert set(schema["discriminator"]["mapping"]) == {message.type for message in EVERY_TYPE}
