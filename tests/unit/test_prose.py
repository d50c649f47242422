"""Telling prose from a list."""

import pytest

from workflows.text.prose import listed_share


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("- a point\n- another\n- a third", 1.0),
        ("1. First\n2. Second", 1.0),
        ("What a day. It was warm, and we walked.\n\nThen it rained!", 0.0),
        ("Show the leaf\n\nThis is a whole sentence that somebody says aloud.", 0.5),
        ("", 0.0),
    ],
)
def test_listed_share_tells_an_outline_from_prose(text: str, listed: float) -> None:
    assert listed_share(text) == listed
