"""Work over a long text leaves the event loop."""

from threading import get_ident

from workflows.models.calls.slices import off_loop
from workflows.safety import folding
from workflows.safety.policy import load_policy


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
