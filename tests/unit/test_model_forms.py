"""The JSON in a model's words."""

import pytest

from workflows.models.calls.structured_output import find_objects


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Well:\n```json\n{"a": {"b": [1, 2]}}\n```\nDone.', {"a": {"b": [1, 2]}}),
        ('{"a": 1} or rather {"a": 2, "b": "longer"}', {"a": 2, "b": "longer"}),
        ('{not this} {"a": "with } and { inside"}', {"a": "with } and { inside"}),
        ('{"broken": {"a": 1}', {"a": 1}),
        ('{"א": "שלום"}', {"א": "שלום"}),
    ],
)
def test_json_is_found_among_words(text: str, found: object) -> None:
    assert find_objects(text)[0] == found


@pytest.mark.parametrize(
    "text", ["", "no", "[1, 2]", "{", '{"a": ', "{" * 200_000, '{"a":' * 50_000], ids=range(7)
)
def test_words_without_json_are_soon_known_for_it(text: str) -> None:
    assert find_objects(text) == []
