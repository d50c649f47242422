"""The last message of a run."""

import hashlib

import pytest

from backend.runs.attempt.last_message import complete, failure
from tests.unit.messages import OUTLINE, USAGE, content
from workflows.errors import InvalidInput, ModelTimeout, SafetyRejected, StorywireError
from workflows.messages.messages import decode, encode
from workflows.messages.transcript import Transcript
from workflows.state import Section, State

STATE = State(
    outline=OUTLINE.model_dump(),  # type: ignore[typeddict-item]
    sections={1: Section(index=1, text="It burns – סוף."), 0: Section(index=0, text="It goes out.")},
    metadata={"word_count": 6, "reading_grade": None},
    results={"choice_question": "What now?", "choices": [{"text": "Go", "description": "Home"}]},
)


def test_complete_holds_the_text_in_reading_order_and_its_hash() -> None:
    data = complete("run", STATE, USAGE)
    assert data.story_content == "It goes out.\n\nIt burns – סוף."
    assert data.sha256 == hashlib.sha256(data.story_content.encode()).hexdigest()
    assert [(s.index, s.title, s.text, s.words) for s in data.sections] == [
        (0, "Dusk", "It goes out.", 3),
        (1, "Dawn", "It burns – סוף.", 3),
    ]
    assert (data.run_id, data.title, data.usage, data.success) == ("run", "The Lamp", USAGE, True)


def test_complete_brings_the_formats_own_results() -> None:
    message = decode(encode(complete("run", STATE, USAGE)))
    assert message.type == "complete"
    assert message.model_dump()["choices"] == [{"text": "Go", "description": "Home"}]
    without = State(**{key: value for key, value in STATE.items() if key != "results"})  # type: ignore[typeddict-item]
    assert not complete("run", without, USAGE).model_extra


def test_complete_text_is_what_a_reader_of_the_sections_has() -> None:
    transcript = Transcript()
    for index, section in STATE["sections"].items():
        transcript.apply(content(index, section["text"], ends=True))
    assert complete("run", STATE, USAGE).story_content == transcript.text


@pytest.mark.parametrize(
    ("error", "retryable", "resumable"),
    [
        (ModelTimeout("Too slow."), True, True),
        (SafetyRejected("Unfit."), False, False),
        (InvalidInput("input.age: too old"), False, False),
    ],
)
def test_failure_says_why_and_what_there_is(error: StorywireError, retryable: bool, resumable: bool) -> None:
    transcript = Transcript()
    for message in (content(0, "One two.", ends=True), content(1, "three")):
        transcript.apply(message)
    data = failure(error, transcript)
    assert (data.code, data.message) == (error.code, error.message)
    assert (data.retryable, data.resumable) == (retryable, resumable)
    assert (data.partial.sections_completed, data.partial.words) == (1, 3)
