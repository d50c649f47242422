"""Functions over text of the models' room take time that is linear in it, whatever a model or a provider says."""

from collections.abc import Callable

import pytest

from tests.unit.test_linear_time import assert_linear
from workflows.models.calls.retry_after import read_retry_after
from workflows.models.calls.structured_output import clean_values, find_objects
from workflows.models.embedded.prompts import clean_line
from workflows.models.embedded.sentences import SentenceBuffer
from workflows.models.replies.provider_strings import clean_string, read_usage
from workflows.models.replies.whole import clean_reply
from workflows.models.wire.chat import join_halves
from workflows.models.wire.frames import EventReader
from workflows.text.characters import replace_halves


def split_sentences(text: str) -> object:
    """A paragraph that comes at once."""
    buffer = SentenceBuffer("", "", " ")
    return [*buffer.feed(text), *buffer.finish()]


def read_events(text: str) -> object:
    """A stream in pieces of a network's size."""
    reader = EventReader()
    raw = text.encode(errors="replace")
    return [event for at in range(0, len(raw), 1400) for event in reader.feed(raw[at : at + 1400])]


FUNCTIONS: list[Callable[[str], object]] = [
    find_objects,
    clean_values,
    clean_reply,
    clean_line,
    clean_string,
    replace_halves,
    join_halves,
    split_sentences,
    read_events,
    lambda text: read_usage({"prompt_tokens": text, "completion_tokens": text}),
    lambda text: read_retry_after(ValueError(text)),
]
HOSTILE = [
    "a",
    "a ",
    ".",
    " ",
    "<",
    "\n",
    "7",
    "e\u0301",
    "{",
    '{"a":',
    '{"',
    "<|",
    "<think>",
    "\ud83d",
    "data:",
]
HOSTILE += ["'retryDelay': '9", '"', '."']


@pytest.mark.parametrize("token", HOSTILE)
@pytest.mark.parametrize("function", FUNCTIONS, ids=range(len(FUNCTIONS)))
def test_time_is_linear_in_the_text(function: Callable[[str], object], token: str) -> None:
    assert_linear(function, token, function.__name__)
