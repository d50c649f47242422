"""How a run is to be written."""

from typing import Any

import pytest
from pydantic import ValidationError

from backend.runs.admission.caps import check_room, with_caps
from backend.store.schema.run_values import RunOptions
from workflows.errors import InvalidInput
from workflows.messages.messages import UsageUpdated
from workflows.models.budget.ledger import Caps


def test_run_options_left_out_are_the_plain_ones() -> None:
    assert RunOptions().model_dump() == {
        "model": None,
        "parallel": 1,
        "on_disconnect": "continue",
        "keep_length": True,
        "budget_usd": None,
        "max_output_tokens": None,
        "cache": None,
        "review_outline": False,
        "timezone": None,
    }


def test_run_options_from_a_query_string_are_read_as_their_types() -> None:
    options = RunOptions.model_validate({"parallel": "4", "review_outline": "true"}, strict=False)
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
        {"budget_usd": 0},
        {"budget_usd": "inf"},
        {"max_output_tokens": 0},
        {"cache": "yes"},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../etc/passwd"},
        {"timezone": ""},
        [],
    ],
)
def test_run_options_that_are_wrong_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        RunOptions.model_validate(wrong)


def test_caps_that_are_reached_already_are_refused_and_larger_ones_taken() -> None:
    before = RunOptions(budget_usd=0.1, max_output_tokens=500)
    spent = UsageUpdated(model="a:b", input_tokens=9, output_tokens=499, cost_usd=0.1)
    more = with_caps(before, Caps(budget_usd=0.2))
    assert (more.budget_usd, more.max_output_tokens) == (0.2, 500)
    check_room(more, before, spent, used_up=True)
    for options, used_up in ((before, False), (with_caps(more, Caps(max_output_tokens=499)), False)):
        with pytest.raises(InvalidInput, match="give more"):
            check_room(options, before, spent, used_up=used_up)
    check_room(before, before, None, used_up=False)


def test_run_that_ended_at_its_caps_does_not_go_on_with_the_same() -> None:
    before = RunOptions(max_output_tokens=500)
    spent = UsageUpdated(model="a:b", input_tokens=9, output_tokens=490)
    with pytest.raises(InvalidInput, match="490 of 500 tokens"):
        check_room(before, before, spent, used_up=True)
    check_room(before, before, spent, used_up=False)


def test_time_zone_of_an_option_is_refused_by_its_name() -> None:
    with pytest.raises(ValidationError, match="there is no time zone 'Mars/Olympus'"):
        RunOptions.model_validate({"timezone": "Mars/Olympus"})
    assert RunOptions.model_validate({"timezone": "Asia/Jerusalem"}).timezone == "Asia/Jerusalem"
