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
        ('{"a": [1, 2,], "b": {"c": 3,},}', {"a": [1, 2], "b": {"c": 3}}),
        (
            '```json\n{\n  // the title\n  "a": "http://x", /* and */ "b": 2 # more\n}\n```',
            {"a": "http://x", "b": 2},
        ),
        ("{'a': 'it's \\'so\\'', 'b': \"it's\"}", {"a": "it's 'so'", "b": "it's"}),
        ("{'a': True, 'b': None, 'c': (1, 2)}", {"a": True, "b": None, "c": [1, 2]}),
        ('{a: "x", b_c: false}', {"a": "x", "b_c": False}),
        ("{“a”: “b, and ‘c’”}", {"a": "b, and ‘c’"}),
        ('{"a": 1\n "b": [{"c": 1}\n{"c": 2}]}', {"a": 1, "b": [{"c": 1}, {"c": 2}]}),
        ("{'a': '\\ud83d\\ude00 \\u05d0\\n'}", {"a": "😀 א\n"}),
    ],
)
def test_json_is_found_among_words(text: str, found: object) -> None:
    assert find_objects(text)[0] == found


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2,}',
        '{"a": "x" "b"}',
        '{"a": ["x"\n"y"]}',
        "{'a': 'the dogs' tails'}",
        '{"a": "He said "hi" to me"}',
        '{"a": "x", "b": [1, 2',
        '{"a": 01,}',
        "{'a': '\\alpha'}",
        "{1, 2}",
    ],
)
def test_near_json_that_could_mean_two_things_is_not_guessed_at(text: str) -> None:
    assert find_objects(text) == []


@pytest.mark.parametrize(
    "text",
    ["", "no", "[1, 2]", "{", '{"a": ', "{" * 200_000, '{"a":' * 50_000, "{a:'" * 50_000, "{a:/*" * 40_000],
    ids=range(9),
)
def test_words_without_json_are_soon_known_for_it(text: str) -> None:
    assert find_objects(text) == []
