"""How far a run is: never back, never done too early, words as a reader counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.streaming.progress import ProgressMeter
from workflows.messages.messages import ProgressReported
from workflows.text.words import count_words


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(clock: Clock) -> ProgressMeter:
    return ProgressMeter(clock)


chunks = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["light", "house", " ", ". ", "well-", "known", "don", "’t", "קיץ"]))
)  # fmt: skip


@given(chunks)
def test_progress_counts_the_words_of_the_text_however_tokens_cut_them(given: list[tuple[int, str]]) -> None:
    meter = ProgressMeter(Clock())
    texts = {0: "", 1: "", 2: ""}
    for section, chunk in given:
        meter.add(section, chunk)
        texts[section] += chunk
    assert meter.now("So far").words == sum(map(count_words, texts.values()))


_actions = st.lists(
    st.one_of(
        st.tuples(st.just("plan"), st.integers(1, 500)),
        st.tuples(st.just("add"), st.integers(0, 60)),
        st.tuples(st.just("drop"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 3)),
        st.tuples(st.just("now"), st.just(0)),
    )
)


@given(_actions, st.integers(0, 99))
def test_progress_never_goes_back_and_leaves_a_hundred_to_the_end(
    actions: list[tuple[str, int]], already: int
) -> None:
    clock = Clock()
    meter = ProgressMeter(clock)
    meter.resume({0: 10}, already)
    told: list[ProgressReported] = []
    for action, amount in actions:
        match action:
            case "plan":
                told.append(meter.plan(amount))
            case "add":
                told += [said for said in [meter.add(0, "word " * amount)] if said]
            case "drop":
                meter.drop(0)
            case "wait":
                clock.now += amount
            case _:
                told.append(meter.now("Now"))
    percents = [already, *(said.percent for said in told)]
    assert percents == sorted(percents)
    assert max(percents) < 100
    assert meter.done().percent == 100


def test_progress_while_writing_says_something_about_once_a_second(
    meter: ProgressMeter, clock: Clock
) -> None:
    meter.plan(100)
    told = []
    for _ in range(100):
        clock.now += 0.1
        told.append(meter.add(0, " word"))
    said = [progress for progress in told if progress is not None]
    assert 8 <= len(said) <= 11
    assert said[-1].message == "Writing section 1"


def test_progress_of_the_first_words_is_told_at_once(meter: ProgressMeter) -> None:
    assert meter.add(2, "Once") is not None


def test_progress_before_the_plan_knows_neither_share_nor_time(meter: ProgressMeter) -> None:
    said = meter.now("Planning")
    assert (said.percent, said.target_words, said.eta_seconds, said.message) == (0, 0, None, "Planning")


def test_progress_follows_the_words_against_the_plan(meter: ProgressMeter, clock: Clock) -> None:
    assert meter.plan(200).percent == 5
    clock.now += 10
    said = meter.add(0, "word " * 100)
    assert said is not None
    assert (said.words, said.target_words, said.percent) == (100, 200, 50)
    assert said.eta_seconds == 10


def test_progress_of_a_text_longer_than_planned_waits_below_the_end(
    meter: ProgressMeter, clock: Clock
) -> None:
    meter.plan(10)
    clock.now += 10
    said = meter.add(0, "word " * 50)
    assert said is not None
    assert (said.percent, said.eta_seconds) == (95, 0)


def test_progress_after_a_section_is_dropped_counts_it_no_more(meter: ProgressMeter) -> None:
    meter.plan(100)
    meter.add(0, "one two thr")
    meter.add(1, "one")
    meter.drop(0)
    assert meter.now("Again").words == 1
    meter.add(0, "ee")
    assert meter.now("Again").words == 2


def test_progress_of_a_resumed_run_reckons_with_its_own_time_only(meter: ProgressMeter, clock: Clock) -> None:
    meter.resume({0: 100}, 50)
    meter.plan(200)
    assert meter.now("On").eta_seconds is None
    clock.now += 10
    said = meter.add(1, "word " * 50)
    assert said is not None
    assert (said.words, said.eta_seconds) == (150, 10)
