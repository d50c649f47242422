"""Work over a long text leaves the event loop."""

from threading import get_ident

import pytest

from workflows.models.calls.slices import off_loop
from workflows.safety import folding
from workflows.safety.policy import load_policy
from workflows.safety.screen import SentenceFilter


async def test_work_over_a_long_text_is_done_in_another_thread() -> None:
    assert await off_loop("a" * 100_000, get_ident) != get_ident()


async def test_work_over_a_short_text_is_done_at_once() -> None:
    assert await off_loop("a" * 1000, get_ident) == get_ident()


def test_lexicons_of_a_policy_come_with_the_table_of_lookalikes() -> None:
    policy = load_policy("child", 7).model_copy(update={"names": ("Uzi",)}, deep=True)
    folding._lookalikes.cache_clear()
    policy.__dict__.pop("_lexicons", None)

    assert policy.lexicon
    assert folding._lookalikes.cache_info().currsize == 1


@pytest.mark.parametrize("unit", ["a,", "b. ", "q-"])
def test_text_that_spells_on_for_ever_is_given_out_meanwhile(unit: str) -> None:
    one, text = SentenceFilter(load_policy("child", 7)), unit * 10_000
    given = "".join(one.feed(text[start : start + 500]) for start in range(0, len(text), 500))

    assert one.match is None
    assert len(given) > len(text) - 4000
    assert given + one.close() == text
