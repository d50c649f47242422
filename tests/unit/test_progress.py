"""How far a run is: never back, never done too early, words as a reader counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.streaming.pace import JUDGED_SECTION, Forecast, Pace, Paces
from backend.streaming.progress import ProgressMeter
from backend.streaming.workload import Workload
from workflows.formats.defaults import review_share, section_review_share
from workflows.formats.registry import list_formats
from workflows.messages.messages import (
    CallUsage,
    FactsGathered,
    Message,
    NodeChanged,
    NodeName,
    OutlinePlanned,
    PlannedSection,
    ProgressReported,
    SafetyChecked,
    TextAppended,
    TextRetracted,
    UsageUpdated,
)
from workflows.messages.transcript import Transcript
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


def append(meter: ProgressMeter, section: int, chunk: str) -> ProgressReported | None:
    return meter.follow(TextAppended(section=section, chunk=chunk))


def plan(meter: ProgressMeter, *words: int) -> ProgressReported:
    said = meter.follow(outline_of([*words]))
    assert said is not None
    return said


def logged(words: dict[int, int], percent: int) -> Transcript:
    """What an earlier attempt logged: so many words of sections, and how far it was."""
    transcript = Transcript()
    for section, count in words.items():
        transcript.apply(TextAppended(section=section, chunk="word " * count))
    transcript.apply(ProgressReported(percent=percent, words=0, target_words=0, message="Writing"))
    return transcript


chunks = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["light", "house", " ", ". ", "well-", "known", "don", "’t", "קיץ"]))
)  # fmt: skip


@given(chunks)
def test_progress_counts_the_words_of_the_text_however_tokens_cut_them(given: list[tuple[int, str]]) -> None:
    meter = ProgressMeter(Clock())
    texts = {0: "", 1: "", 2: ""}
    for section, chunk in given:
        append(meter, section, chunk)
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
    meter.recall(logged({0: 10}, already))
    told: list[ProgressReported] = []
    for action, amount in actions:
        match action:
            case "plan":
                told.append(plan(meter, amount))
            case "add":
                told += [said for said in [append(meter, 0, "word " * amount)] if said]
            case "drop":
                meter.follow(TextRetracted(section=0, reason="restart"))
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
    plan(meter, 100)
    told = []
    for _ in range(100):
        clock.now += 0.1
        told.append(append(meter, 0, " word"))
    said = [progress for progress in told if progress is not None]
    assert 8 <= len(said) <= 11
    assert said[-1].message == "Writing section 1"


def test_progress_that_is_told_in_silences_says_what_goes_on(meter: ProgressMeter, clock: Clock) -> None:
    plan(meter, 200, 200)
    append(meter, 0, "word " * 200)
    meter.tick()
    clock.now += 0.5
    assert append(meter, 1, "word " * 50) is None
    clock.now += 0.6
    said = meter.tick()
    assert said is not None
    assert said.message == "Writing section 2"


def test_bar_goes_on_while_the_end_of_a_section_is_held_back(clock: Clock) -> None:
    run = Writing(clock, ProgressMeter(clock), words_a_second=10)
    run.see(outline_of([300] * 3))
    for index in range(3):
        run.write_and_hold(index, told=100, held=200)
    assert run.farthest_off() <= 10


def test_progress_of_the_first_words_is_told_at_once(meter: ProgressMeter) -> None:
    assert append(meter, 2, "Once") is not None


def test_progress_before_the_plan_knows_neither_share_nor_time(meter: ProgressMeter) -> None:
    said = meter.now("Planning")
    assert (said.percent, said.target_words, said.eta_seconds, said.message) == (0, 0, None, "Planning")


def test_progress_follows_the_words_against_the_plan(meter: ProgressMeter, clock: Clock) -> None:
    assert plan(meter, 200).percent == 5
    clock.now += 10
    said = append(meter, 0, "word " * 100)
    assert said is not None
    assert (said.words, said.target_words, said.percent) == (100, 200, 50)
    assert said.eta_seconds == 10


def test_progress_of_a_text_longer_than_planned_waits_below_the_end(
    meter: ProgressMeter, clock: Clock
) -> None:
    plan(meter, 10)
    clock.now += 10
    said = append(meter, 0, "word " * 50)
    assert said is not None
    assert (said.percent, said.eta_seconds) == (96, 0)


def test_progress_after_a_section_is_dropped_counts_it_no_more(meter: ProgressMeter) -> None:
    plan(meter, 100)
    append(meter, 0, "one two thr")
    append(meter, 1, "one")
    meter.follow(TextRetracted(section=0, reason="restart"))
    assert meter.now("Again").words == 1
    append(meter, 0, "ee")
    assert meter.now("Again").words == 2


def test_progress_of_a_resumed_run_reckons_with_its_own_time_only(meter: ProgressMeter, clock: Clock) -> None:
    meter.recall(logged({0: 100}, 50))
    plan(meter, 100, 100)
    assert meter.now("On").eta_seconds is None
    clock.now += 10
    said = append(meter, 1, "word " * 50)
    assert said is not None
    assert (said.words, said.eta_seconds) == (150, 10)


def test_text_that_the_log_lacked_is_not_taken_for_work_of_this_attempt(
    meter: ProgressMeter, clock: Clock
) -> None:
    transcript = Transcript()
    transcript.apply(outline_of([100] * 3))
    meter.recall(transcript)
    clock.now += 0.01
    transcript.apply(TextAppended(section=0, chunk="word " * 100, is_complete=True))
    meter.recall(transcript)
    clock.now += 50
    said = meter.follow(TextAppended(section=1, chunk="word " * 50))
    assert said is not None and said.eta_seconds == pytest.approx(150, abs=5)


def test_run_of_which_nothing_is_left_says_so_once(clock: Clock) -> None:
    run = run_with_plan(clock, Paces(), 0, 10)
    run.step("derive", 1)
    run.wait(10)
    assert [percent for _, percent, _ in run.seen].count(99) == 1


def outline_of(targets: list[int]) -> OutlinePlanned:
    sections = [
        PlannedSection(index=index, title="T", summary="", target_words=words)
        for index, words in enumerate(targets)
    ]
    return OutlinePlanned(title="T", sections=sections)


class Writing:
    """A run that writes so many words a second, and how far from a straight line its percent is."""

    def __init__(self, clock: Clock, meter: ProgressMeter, words_a_second: float = 1) -> None:
        self.clock, self.meter, self.second = clock, meter, 1 / words_a_second
        self.seen: list[tuple[float, int, int | None]] = []
        self.line: list[tuple[float, int]] = []  # what stood there each second
        self.begun = clock.now

    def wait(self, seconds: float) -> None:
        """A silence, in which time is all that tells."""
        for _ in range(round(seconds / self.second)):
            self.clock.now += self.second
            if (said := self.meter.tick()) is not None:
                self.note(said)
            self.line.append((self.clock.now - self.begun, self.seen[-1][1] if self.seen else 0))

    def note(self, said: ProgressReported) -> None:
        self.seen.append((self.clock.now - self.begun, said.percent, said.eta_seconds))

    def write(self, slot: int | str, words: int) -> None:
        section, piece = (slot, None) if isinstance(slot, int) else (0, slot)
        for word in range(1, words + 1):
            self.clock.now += self.second
            last = word == words
            self.see(TextAppended(section=section, piece=piece, chunk=" word", is_complete=last))

    def write_and_hold(self, section: int, *, told: int, held: int) -> None:
        """So many words as they come, and the others when they are all there."""
        for _ in range(told):
            self.clock.now += self.second
            self.see(TextAppended(section=section, chunk=" word", is_complete=False))
        self.wait(held * self.second)
        self.see(TextAppended(section=section, chunk=" word" * held, is_complete=True))

    def judge(self, section: int, seconds: float) -> None:
        self.clock.now += seconds
        verdict = {"stage": "section", "section": section, "approved": True, "score": 1.0, "issues": []}
        self.see(SafetyChecked.model_validate(verdict))

    def step(self, node: NodeName, seconds: float) -> None:
        self.see(NodeChanged(node=node, status="started"))
        self.clock.now += seconds
        self.see(NodeChanged(node=node, status="completed"))

    def see(self, message: Message) -> None:
        if (said := self.meter.follow(message)) is not None:
            self.note(said)
        if self.seen:
            self.line.append((self.clock.now - self.begun, self.seen[-1][1]))

    def off_the_line(self, begin: int = 0) -> float:
        whole = self.clock.now - self.begun
        return max(abs(percent - begin - (100 - begin) * at / whole) for at, percent, _ in self.seen)

    def plan(self, words: int, targets: list[int]) -> None:
        """A plan of so many words, by a model that is silent until it is whole."""
        self.see(NodeChanged(node="outline", status="started"))
        self.wait(words * self.second)
        self.see(usage_of_a_plan(round(words * 1.4)))
        self.see(outline_of(targets))

    def farthest_off(self) -> float:
        """As `off_the_line`, at each second, also where the bar stood."""
        whole = self.clock.now - self.begun
        return max(abs(percent - 100 * at / whole) for at, percent in self.line)


def usage_of_a_plan(tokens: int) -> UsageUpdated:
    call = CallUsage(id="c", role="outline", model="openai:x", input_tokens=9, output_tokens=tokens)
    return UsageUpdated(model="openai:x", input_tokens=9, output_tokens=tokens, call=call)


def run_with_plan(
    clock: Clock, paces: Paces, planning: int, words_a_second: float, in_line: float = 0
) -> Writing:
    meter = ProgressMeter(clock, Forecast(plan=planning, text=800), paces.of("story", "openai:x"))
    clock.now += in_line
    meter.begin()
    run = Writing(clock, meter, words_a_second)
    run.plan(planning, [100] * 8)
    for index in range(8):
        run.write(index, 100)
    run.step("safety_check", 10 * run.second)
    run.step("calculate_metrics", run.second)
    return run


@pytest.mark.parametrize("words_a_second", [20, 30, 40])
@pytest.mark.parametrize("planning", [0, 40, 200, 400])
def test_progress_of_a_first_run_is_near_a_straight_line_however_long_its_planning_takes(
    clock: Clock, planning: int, words_a_second: float
) -> None:
    assert run_with_plan(clock, Paces(), planning, words_a_second).farthest_off() <= 10


@pytest.mark.parametrize("words_a_second", [1, 10, 40])
@pytest.mark.parametrize("planning", [0, 200, 800, 1600])
def test_progress_of_a_run_is_near_a_straight_line_once_the_speed_of_its_model_was_seen(
    clock: Clock, planning: int, words_a_second: float
) -> None:
    paces = Paces()
    run_with_plan(clock, paces, planning, words_a_second)
    assert run_with_plan(clock, paces, planning, words_a_second).farthest_off() <= 10


def test_wait_for_its_turn_is_no_part_of_what_is_learned_of_a_run(clock: Clock) -> None:
    at_once, after_a_wait = Paces(), Paces()
    off = [
        run_with_plan(clock, paces, 400, 10, in_line=seconds).farthest_off()
        for paces, seconds in ((at_once, 0), (after_a_wait, 90))
    ]
    known, learned = at_once.of("story", "openai:x"), after_a_wait.of("story", "openai:x")
    assert (learned.planning, learned.rate) == pytest.approx((known.planning, known.rate))
    assert off[1] == pytest.approx(off[0])


def test_paces_forget_the_kind_that_was_longest_not_asked_for() -> None:
    paces = Paces()
    kept, forgotten = paces.of("story", "openai:kept"), paces.of("story", "openai:forgotten")
    for number in range(999):
        paces.of("story", "openai:kept")
        paces.of("story", f"openai:{number}")
    assert len(paces._known) == 1000
    assert paces.of("story", "openai:kept") is kept
    assert paces.of("story", "openai:forgotten") is not forgotten


def test_percent_at_the_plan_is_right_of_a_model_of_any_speed(clock: Clock) -> None:
    run = run_with_plan(clock, Paces(), 800, 400)
    at_plan = [percent for at, percent, _ in run.seen if at == pytest.approx(2, abs=0.001)][-1]
    assert 45 <= at_plan <= 52


@pytest.mark.parametrize("facts", [100, 500, 1000])
def test_bar_goes_on_while_facts_are_written_once_it_is_known_how_fast(clock: Clock, facts: int) -> None:
    paces = Paces()
    for _ in range(2):
        forecast = Forecast(facts=facts, text=1000)
        run = Writing(clock, ProgressMeter(clock, forecast, paces.of("podcast", "openai:x")))
        run.see(outline_of([100] * 10))
        run.wait(facts)
        run.see(FactsGathered(canonical_pack={}, sources=[]))
        for index in range(10):
            run.write(index, 100)
        run.step("safety_check", 10)
        run.step("calculate_metrics", 1)
    assert run.farthest_off() <= 10


def test_bar_goes_on_while_sections_and_the_whole_are_judged(clock: Clock) -> None:
    paces = Paces()
    for _ in range(2):
        run = Writing(clock, ProgressMeter(clock, pace=paces.of("lesson", judging=2.0)))
        run.see(outline_of([100] * 3))
        for index in range(3):
            run.write(index, 100)
            run.wait(200)
            run.see(NodeChanged(node="generate_content", status="completed", section=index))
        run.see(NodeChanged(node="safety_check", status="started"))
        run.wait(400)
        run.see(NodeChanged(node="safety_check", status="completed"))
        run.step("calculate_metrics", 1)
    assert run.farthest_off() <= 10


def test_planning_counts_as_much_beside_sections_that_are_written_at_once(clock: Clock) -> None:
    run = Writing(
        clock, ProgressMeter(clock, Forecast(plan=400, text=3200, at_once=4), Paces().of("story")), 40
    )
    run.plan(400, [400] * 8)
    for word in range(800):  # four of them at once
        clock.now += run.second
        for place in range(4):
            index = place + 4 * (word >= 400)
            run.see(TextAppended(section=index, chunk=" word", is_complete=word % 400 == 399))
    run.step("safety_check", run.second)
    run.step("calculate_metrics", run.second)
    assert run.farthest_off() <= 10


@pytest.mark.parametrize("at_once", [2, 3, 4])
@pytest.mark.parametrize("sections", [3, 4, 10])
@pytest.mark.parametrize("facts", [0, 800])
def test_progress_of_equal_sections_at_once_stays_within_ten_points_of_a_straight_line(
    clock: Clock, at_once: int, sections: int, facts: int
) -> None:
    """However many are left for the last round; the facts come first, with a section of their own."""
    run = Writing(clock, ProgressMeter(clock, Forecast(facts=facts, at_once=at_once), Paces().of("own")), 40)
    run.see(outline_of([800] * sections))
    left = [*range(sections)]
    if facts:
        run.wait(facts * run.second)
        run.see(FactsGathered(canonical_pack={"facts": "fact " * facts}, sources=[]))
        run.write(left.pop(0), 800)
    while left:
        together, left = left[:at_once], left[at_once:]
        for word in range(100):
            clock.now += 8 * run.second
            for section in together:
                run.see(TextAppended(section=section, chunk=8 * " word", is_complete=word == 99))
    run.step("safety_check", run.second)
    run.step("calculate_metrics", run.second)
    assert run.farthest_off() <= 10


@pytest.mark.parametrize("facts", [0, 800])
def test_judges_of_sections_that_were_written_at_once_take_the_time_of_one(facts: int) -> None:
    work = Workload(Forecast(facts=facts, at_once=3), Pace(judging=0.5))
    work.targets, work.has_facts, work.judged = dict.fromkeys(range(4), 800), True, {0}
    for section in range(4):
        work.append(section, "word", is_last=True)
    assert work.silent_step == 400


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.8])
@pytest.mark.parametrize("pieces", [{}, {"M1": 300, "M2": 300, "R1": 40}])
def test_progress_of_equal_sections_stays_within_ten_points_of_a_straight_line(
    clock: Clock, factor: float, pieces: dict[str, int]
) -> None:
    run = Writing(clock, ProgressMeter(clock, Forecast(pieces=pieces)))
    run.step("outline", 10)
    run.see(outline_of([100] * 8))
    for index in range(8):
        run.write(index, round(100 * factor))
    run.step("safety_check", 12)
    for name, words in pieces.items():
        run.write(name, round(words * factor))
    run.step("derive", 4)
    run.step("calculate_metrics", 1)
    assert run.off_the_line() <= 10
    assert max(percent for _, percent, _ in run.seen) < 100
    end = clock.now - run.begun
    for at, _, eta in run.seen:
        if eta is not None and 0.2 < at / end < 0.9:
            assert abs(at + eta - end) <= 0.25 * end * max(factor, 1 / factor)


def test_progress_of_a_rewrite_goes_on_slowly_and_counts_in_the_time_that_is_left(clock: Clock) -> None:
    run = Writing(clock, ProgressMeter(clock))
    run.see(outline_of([100] * 4))
    for index in range(4):
        run.write(index, 100)
    run.see(NodeChanged(node="safety_check", status="completed"))
    before = run.seen[-1][1]
    for index in (1, 2):
        run.see(TextRetracted(section=index, reason="revision"))
    run.write(1, 100)
    _, percent, eta = run.seen[-1]
    assert before <= percent < 99 and eta is not None and 90 <= eta <= 110
    run.write(2, 100)
    percents = [percent for _, percent, _ in run.seen]
    assert percents == sorted(percents) and percents[-1] < 100


def test_progress_of_a_resumed_run_begins_with_what_it_has_and_goes_straight_to_the_end(
    clock: Clock,
) -> None:
    transcript = Transcript()
    transcript.apply(outline_of([100] * 4))
    for index in range(2):
        transcript.apply(TextAppended(section=index, chunk="word " * 60, is_complete=True))
    transcript.apply(ProgressReported(percent=50, words=120, target_words=400, message=""))
    run = Writing(clock, ProgressMeter(clock))
    run.meter.recall(transcript)
    for index in (2, 3):
        run.write(index, 100)
    assert run.seen[0][1] in (50, 51) and run.off_the_line(50) <= 10
    assert {eta for at, _, eta in run.seen if at == 100} == {100}


@pytest.mark.parametrize("sections", [4, 8, 20])
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_progress_of_equal_sections_that_are_judged_one_by_one_stays_near_a_straight_line(
    clock: Clock, sections: int, share: float
) -> None:
    run = Writing(clock, ProgressMeter(clock, pace=Paces().of("story", judging=JUDGED_SECTION)))
    run.see(outline_of([100] * sections))
    for index in range(sections):
        run.write(index, 100)
        run.judge(index, 100 * share)
    run.step("safety_check", 10)
    run.step("calculate_metrics", 1)
    assert run.off_the_line() <= 10
    end = clock.now - run.begun
    for at, _, eta in run.seen:
        if eta is not None and at / end > 0.4:
            assert abs(at + eta - end) <= 0.15 * end


@pytest.mark.parametrize("sections", [3, 5, 12])
def test_progress_of_sections_that_are_reviewed_in_order_stays_near_a_straight_line(
    clock: Clock, sections: int
) -> None:
    share = section_review_share(list_formats()["education_audio"], judges=True)
    assert share == 2
    run = Writing(clock, ProgressMeter(clock, pace=Paces().of("lesson", judging=share)))
    run.see(outline_of([100] * sections))
    for index in range(sections):
        run.write(index, 100)
        clock.now += 190
        run.see(NodeChanged(node="generate_content", status="completed", section=index))
    run.step("safety_check", 10)
    run.step("calculate_metrics", 1)
    assert run.off_the_line() <= 10
    end = clock.now - run.begun
    for at, _, eta in run.seen:
        if eta is not None and at / end > 0.1:
            assert abs(at + eta - end) <= 0.15 * end


def test_progress_of_a_run_whose_check_takes_half_of_its_time_stays_near_a_straight_line_once_one_was_seen(
    clock: Clock,
) -> None:
    paces = Paces()
    for _ in range(2):
        run = Writing(clock, ProgressMeter(clock, pace=paces.of("education_audio", "openai:x")))
        run.see(outline_of([100] * 8))
        for index in range(8):
            run.write(index, 100)
        written = run.seen[-1][1]
        run.step("safety_check", 800)
        run.step("calculate_metrics", 5)
    assert run.off_the_line() <= 10
    assert written <= 60
    assert all(eta is None or abs(at + eta - 1605) <= 170 for at, _, eta in run.seen if at < 800)


_SENTENCE = 60
_VERDICT = (
    '{"number": 12, "evidence": "keep the dressing dry for two days", "borne_out": true, "otherwise": "none", '
    '"reason": ""}, '
)
_ANSWERS = {
    "education_audio": len(_VERDICT) / _SENTENCE,
    "creator_script": 6 * 120 / (8 * 600),
    "story": 150 / (8 * 600),
    "podcast": 150 / (8 * 600),
    "discovery_report": 150 / (8 * 600),
}
"""Characters that who checks the whole text answers with, for each character of the text, in a text of 8 × 600."""


@pytest.mark.parametrize("name", sorted(_ANSWERS))
def test_progress_of_a_first_run_whose_whole_text_is_checked_stays_near_a_straight_line(
    clock: Clock, name: str
) -> None:
    expected = review_share(list_formats()[name], judges=True)
    run = Writing(clock, ProgressMeter(clock, pace=Paces().of(name, "openai:x", expected=expected)))
    run.see(outline_of([100] * 8))
    for index in range(8):
        run.write(index, 100)
    run.step("safety_check", 800 * _ANSWERS[name])
    run.step("calculate_metrics", 1)
    assert run.off_the_line() <= 10
    assert max(percent for _, percent, _ in run.seen) < 100
    end = clock.now - run.begun
    for at, _, eta in run.seen:
        if eta is not None and at / end > 0.1 and at <= 800:
            assert abs(at + eta - end) <= 0.1 * end


def test_time_that_is_left_is_reckoned_without_the_time_of_planning(clock: Clock) -> None:
    run = Writing(clock, ProgressMeter(clock))
    run.step("outline", 600)
    run.see(outline_of([100] * 4))
    run.write(0, 100)
    _, _, eta = run.seen[-1]
    assert eta is not None and 295 <= eta <= 310


@pytest.mark.parametrize("is_late", [False, True])
def test_facts_that_take_a_third_of_the_time_are_work_of_the_run(clock: Clock, is_late: bool) -> None:
    gathered = FactsGathered(canonical_pack={}, sources=[])
    run = Writing(clock, ProgressMeter(clock, Forecast(pieces={"M1": 100}, facts=500)))
    run.see(outline_of([100] * 9))
    if is_late:  # a model that writes the section first
        run.write(0, 100)
    clock.now += 500
    run.see(gathered)
    for index in range(is_late, 9):
        run.write(index, 100)
    run.write("M1", 100)
    end = clock.now - run.begun
    percents = [percent for _, percent, _ in run.seen]
    assert percents == sorted(percents)
    assert all(abs(percent - 100 * at / end) <= 10 for at, percent, _ in run.seen if at >= 600)
    assert all(abs(at + eta - end) <= 0.1 * end for at, _, eta in run.seen if eta is not None)


def test_facts_of_an_earlier_attempt_took_none_of_this_ones_time(clock: Clock) -> None:
    transcript = Transcript()
    transcript.apply(outline_of([100] * 4))
    transcript.apply(FactsGathered(canonical_pack={}, sources=[]))
    transcript.apply(TextAppended(section=0, chunk="word " * 100, is_complete=True))
    run = Writing(clock, ProgressMeter(clock, Forecast(facts=500)))
    run.meter.recall(transcript)
    for index in (1, 2, 3):
        run.write(index, 100)
    assert all(abs(at + eta - 300) <= 30 for at, _, eta in run.seen if eta is not None)


def test_section_that_is_written_again_waits_for_no_judge_at_the_end(clock: Clock) -> None:
    run = Writing(clock, ProgressMeter(clock, pace=Paces().of("lesson", judging=2.0)))
    run.see(outline_of([100] * 4))
    for index in range(4):
        run.write(index, 100)
        clock.now += 200
        run.see(NodeChanged(node="generate_content", status="completed", section=index))
        if index < 3:
            run.see(TextRetracted(section=index, reason="revision"))
            run.write(index, 100)
            run.see(NodeChanged(node="enhance_content", status="completed", section=index))
    assert run.meter.now("Written").percent >= 93


def test_plan_of_a_text_without_words_is_no_end(clock: Clock) -> None:
    meter = ProgressMeter(clock, Forecast(plan=100, text=100), Paces().of("own"))
    meter.follow(usage_of_a_plan(100))
    assert plan(meter).percent == 99
    assert meter.now("Checking").percent == 99


def test_what_is_said_while_results_are_made_takes_no_time_from_them(clock: Clock) -> None:
    pace = Paces().of("story")
    run = Writing(clock, ProgressMeter(clock, pace=pace))
    run.see(outline_of([100]))
    run.write(0, 100)
    run.step("safety_check", 10)
    run.see(NodeChanged(node="derive", status="started"))
    clock.now += 50
    run.see(NodeChanged(node="derive", status="started", message="Another model goes on."))
    run.see(NodeChanged(node="derive", status="completed"))
    assert pace.deriving == 0.5


def test_time_that_is_left_has_what_is_made_of_the_text(clock: Clock) -> None:
    paces = Paces()
    for _ in range(2):
        run = Writing(clock, ProgressMeter(clock, Forecast(results=100), paces.of("story")))
        run.see(outline_of([100] * 4))
        for index in range(4):
            run.write(index, 100)
        run.step("safety_check", 100)
        run.step("derive", 100)
        run.step("calculate_metrics", 1)
    end = clock.now - run.begun
    assert all(abs(at + eta - end) <= 0.05 * end for at, _, eta in run.seen if eta is not None)


def test_time_that_is_left_does_not_grow_in_a_silence(clock: Clock) -> None:
    run = Writing(clock, ProgressMeter(clock, pace=Paces().of("lesson", judging=2.0)))
    run.see(outline_of([100] * 3))
    run.write(0, 100)
    seen = len(run.seen)
    run.wait(180)
    etas = [eta for _, _, eta in run.seen[seen:]]
    assert len(etas) > 10 and None not in etas
    assert etas == sorted(etas, key=lambda eta: -(eta or 0)) and (etas[-1] or 0) < 640


def test_time_that_is_left_is_told_from_the_first_second_where_the_model_was_seen_before(
    clock: Clock,
) -> None:
    paces = Paces()
    run_with_plan(clock, paces, 200, 10)
    run = run_with_plan(clock, paces, 200, 10)
    end = clock.now - run.begun
    assert run.seen[0][0] <= 1
    assert all(eta is not None and abs(at + eta - end) <= 0.1 * end for at, _, eta in run.seen)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_review_of_a_section_that_no_format_told_of_is_learned_from_the_first_one(
    clock: Clock, share: float
) -> None:
    run = Writing(clock, ProgressMeter(clock, pace=Paces().of("creator_script", expected=0.1)))
    run.see(outline_of([100] * 8))
    for index in range(8):
        run.write(index, 100)
        run.wait(100 * share)
        run.see(NodeChanged(node="generate_content", status="completed", section=index))
    run.see(NodeChanged(node="safety_check", status="started"))
    run.wait(80)
    run.see(NodeChanged(node="safety_check", status="completed"))
    run.step("calculate_metrics", 1)
    assert run.farthest_off() <= 10
    end = clock.now - run.begun
    assert all(abs(at + eta - end) <= 0.1 * end for at, _, eta in run.seen if eta is not None and at > 200)


@pytest.mark.parametrize("lengths", [(1, 8), (8, 1)])
def test_plan_and_facts_of_a_run_of_another_length_are_reckoned_by_its_own_forecast(
    clock: Clock, lengths: tuple[int, int]
) -> None:
    paces = Paces()
    for sections in lengths:
        forecast = Forecast(plan=50 * sections, facts=40 * sections, text=100 * sections)
        run = Writing(clock, ProgressMeter(clock, forecast, paces.of("podcast", "openai:x")))
        run.plan(50 * sections, [100] * sections)
        run.wait(40 * sections)
        run.see(FactsGathered(canonical_pack={"facts": "fact " * 40 * sections}, sources=[]))
        for index in range(sections):
            run.write(index, 100)
        run.step("safety_check", 1)
        run.step("calculate_metrics", 1)
    assert run.farthest_off() <= 10


@pytest.mark.parametrize("silence", [60, 240, 400])
def test_research_that_outlasts_the_first_section_is_work_of_the_run(clock: Clock, silence: int) -> None:
    paces = Paces()
    for _ in range(2):
        run = Writing(
            clock, ProgressMeter(clock, Forecast(facts=240, text=700), paces.of("discovery_report"))
        )
        run.see(outline_of([200, 300, 200]))
        run.write(0, 200)
        run.see(NodeChanged(node="generate_content", status="completed", section=0))
        run.wait(silence)
        run.write(1, 300)
        run.write(2, 200)
        run.step("safety_check", 1)
        run.step("calculate_metrics", 1)
    assert run.farthest_off() <= 10
    end = clock.now - run.begun
    assert all(abs(at + eta - end) <= 0.1 * end for at, _, eta in run.seen if eta is not None)
