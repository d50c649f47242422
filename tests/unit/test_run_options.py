"""How a run is to be written."""

from typing import Any

import pytest
from pydantic import ValidationError

from backend.runs.options import RunOptions


def test_run_options_left_out_are_the_plain_ones() -> None:
    assert RunOptions().model_dump() == {
        "model": None,
        "parallel": 1,
        "on_disconnect": "continue",
        "keep_length": True,
        "review_outline": False,
    }


def test_run_options_from_a_query_string_are_read_as_their_types() -> None:
    options = RunOptions.model_validate({"parallel": "4", "review_outline": "true"})
    assert (options.parallel, options.review_outline) == (4, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"parallel": 0},
        {"parallel": 17},
        {"on_disconnect": "explode"},
        {"review_outline": "perhaps"},
        {"model": "x" * 129},
        {"budget": 3},
        [],
    ],
)
def test_run_options_that_are_wrong_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        RunOptions.model_validate(wrong)
