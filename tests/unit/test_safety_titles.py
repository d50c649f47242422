"""Titles of works, which are never judged as words, as long as it is said that they are titles."""

import pytest

from workflows.safety.policies.policy_files import load_policy
from workflows.safety.rules import find_blocked

CHILD = load_policy("child", 7)


@pytest.mark.parametrize(
    "text",
    [
        "Kill Bill is a film by Tarantino.",
        "Kill Bill was a long American movie.",
        "Her uncle loved the film Kill Bill.",
        'The novel "Murder on the Orient Express" is set on a train.',
        "We sang the song Killer Queen.",
    ],
)
def test_title_of_a_work_is_never_judged_as_words(text: str) -> None:
    assert find_blocked(CHILD, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Kill Bill with the knife.",
        "He saw the film. Kill Bill with the knife.",
        "kill bill is a film",
        "The movie Kill all of them now",
        "In the film he killed Bill.",
        "The song Kill All Jews",
        "The song Dirty Kikes",
        "The film Fuck Them",
    ],
)
def test_words_that_are_no_title_or_that_nothing_is_called_are_judged(text: str) -> None:
    assert find_blocked(CHILD, text) is not None
