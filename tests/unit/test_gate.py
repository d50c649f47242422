"""The gate: unsafe text is never told, harmless text is, whole and in order."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.streaming.gate import Gate
from tests.unit.messages import EVERY_TYPE, content, progress, retract
from tests.unit.sentences import HARMLESS, UNSAFE
from workflows.messages.messages import (
    Message,
    MetricsCalculated,
    SafetyChecked,
    SafetyIssue,
    TextAppended,
    TextRetracted,
)
from workflows.safety.policies.policy import GateMode, Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.state import ModeratedSentences, Section, State
from workflows.text.streams.normaliser import normalise
from workflows.verdicts import Verdict

CHILD = load_policy("child", 7)
harmless = st.lists(st.sampled_from(HARMLESS), max_size=5)
joints = st.sampled_from([" ", "\n", "\n\n"])


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


# Made once: a policy keeps its compiled patterns.
POLICIES: dict[GateMode, Policy] = {
    "open": CHILD.model_copy(update={"gate": "open"}),
    "sentence": CHILD,
    "section": CHILD.model_copy(update={"gate": "section"}),
}


def gate_of(mode: GateMode = "sentence", clock: Clock | None = None) -> Gate:
    return Gate(POLICIES[mode], clock or Clock())


def told(gate: Gate, *messages: Message) -> list[Message]:
    return [each for message in messages for each in gate.take(message)]


def text_of(messages: list[Message], section: int = 0) -> str:
    return "".join(m.chunk for m in messages if isinstance(m, TextAppended) and m.section == section)


def verdict(section: int, approved: bool) -> SafetyChecked:
    return SafetyChecked(stage="section", approved=approved, score=1, issues=[], section=section)


def cut(text: str, random: Random) -> list[Message]:
    places = sorted(random.randint(0, len(text)) for _ in range(random.choice([0, 1, 5, 40])))
    pieces = [text[a:b] for a, b in pairwise([0, *places, len(text)])]
    return [content(0, piece, ends=index + 1 == len(pieces)) for index, piece in enumerate(pieces)]


def of_piece(messages: list[Message], name: str) -> str:
    return "".join(m.chunk for m in messages if isinstance(m, TextAppended) and m.piece == name)


def test_gate_holds_an_unsafe_sentence_of_a_piece_and_leaves_the_section_of_that_number_alone() -> None:
    gate = gate_of()
    out = told(
        gate,
        content(0, "The fox ran home. ", piece="M1"),
        content(0, "He wanted to kill it. It ran.", ends=True, piece="M1"),
        content(0, "The fox ran home. It slept.", ends=True),
    )
    assert of_piece(out, "M1").rstrip() == "The fox ran home."
    (stopped,) = [m for m in out if isinstance(m, SafetyChecked)]
    assert (stopped.stage, stopped.piece, stopped.section) == ("sentence", "M1", None)
    whole = [m for m in out if isinstance(m, TextAppended) and m.piece is None]
    assert "".join(data.chunk for data in whole) == "The fox ran home. It slept."


def test_gate_by_section_tells_a_piece_when_it_is_approved() -> None:
    gate = gate_of("section")
    assert told(gate, content(0, "The fox ran home.", ends=True, piece="M1")) == []
    approval = SafetyChecked(stage="section", approved=True, score=1, issues=[], piece="M1")
    assert told(gate, verdict(0, approved=True)) == [verdict(0, approved=True)]
    out = told(gate, approval)
    assert out[-1] == content(0, "The fox ran home.", ends=True, piece="M1")


@pytest.mark.parametrize("cuts", [5, pytest.param(20, marks=pytest.mark.soak)])
@settings(max_examples=150, deadline=None)
@given(
    before=harmless, unsafe=st.sampled_from(UNSAFE), after=harmless, joint=joints, seed=st.integers(0, 10**9)
)
def test_gate_never_tells_a_byte_of_an_unsafe_sentence_and_all_of_what_came_before(
    before: list[str], unsafe: str, after: list[str], joint: str, seed: int, cuts: int
) -> None:
    text = joint.join([*before, unsafe, *after])
    start = text.index(unsafe)
    for nth in range(cuts):  # 750 streams in all, and 3,000 in `make soak`
        out = told(gate_of(), *cut(text, Random(seed + nth)))
        shown = text_of(out)

        assert text.startswith(shown) and len(shown) <= start
        # Without a mark at its end, a sentence and the next one are one; so are the lines of a wrapped one.
        is_wrapped = joint == "\n" and unsafe[0].islower()
        if not before or before[-1][-1] in ".!?…" or ("\n" in joint and not is_wrapped):
            assert shown.rstrip() == text[:start].rstrip()
        assert not any(m.is_complete for m in out if isinstance(m, TextAppended))
        [stopped] = [m for m in out if isinstance(m, SafetyChecked)]
        assert (stopped.stage, stopped.approved, stopped.section) == ("sentence", False, 0)


@settings(max_examples=200, deadline=None)
@given(harmless, joints, st.randoms(use_true_random=False))
def test_gate_tells_all_of_a_harmless_text_in_order(sentences: list[str], joint: str, data: Random) -> None:
    text = joint.join(sentences)
    out = told(gate_of(), *cut(text, data))
    assert text_of(out) == text
    assert [m.is_complete for m in out if isinstance(m, TextAppended)][-1:] == [True]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*HARMLESS, *UNSAFE]), max_size=6), joints, st.randoms(use_true_random=False))
def test_gate_and_the_state_agree_on_what_may_be_shown_however_the_text_was_cut(
    sentences: list[str], joint: str, data: Random
) -> None:
    text = normalise(joint.join(sentences))
    gate = gate_of()
    shown, is_whole = gate.shown(State(), Section(index=0, text=text))
    out = told(gate_of(), *cut(text, data))
    assert text_of(out) == shown
    assert any(m.is_complete for m in out if isinstance(m, TextAppended)) == is_whole


def test_gate_tells_each_sentence_as_soon_as_it_is_whole() -> None:
    gate = gate_of()
    pieces = ["The fox", " ran. ", "It was", " warm", "! Then", " home."]
    shown = [text_of(told(gate, content(0, piece))) for piece in pieces]
    assert shown == ["", "The fox ran.", "", "", " It was warm!", ""]
    assert text_of(told(gate, content(0, "", ends=True))) == " Then home."


def test_gate_after_a_retract_tells_the_rewrite_and_gates_it_too() -> None:
    gate = gate_of()
    assert text_of(told(gate, content(0, "All well. He killed. More. "))) == "All well."
    assert text_of(told(gate, content(0, "And more.", ends=True))) == ""
    out = told(gate, retract(0), content(0, "All well. He smiled. A gun.", ends=True))
    assert isinstance(out[0], TextRetracted)
    assert text_of(out) == "All well. He smiled."
    assert text_of(told(gate, retract(0), content(0, "All well.", ends=True))) == "All well."


def test_gate_of_one_section_leaves_the_others_alone() -> None:
    out = told(gate_of(), content(0, "He killed. "), content(1, "A warm day. "), content(0, "More. "))
    assert (text_of(out, 0), text_of(out, 1)) == ("", "A warm day.")


def test_gate_open_passes_everything_as_it_is() -> None:
    messages = [content(0, "He kil"), content(0, "led.", ends=True)]
    assert told(gate_of("open"), *messages) == messages


def test_gate_passes_every_other_message_at_once_while_text_is_held() -> None:
    gate = gate_of()
    told(gate, content(0, "Once upon"))
    others = [m for m in EVERY_TYPE if not isinstance(m, TextAppended | MetricsCalculated)]
    assert told(gate, *others, progress(3)) == [*others, progress(3)]


def test_gate_by_section_tells_nothing_before_the_verdict_and_all_of_it_after() -> None:
    gate = gate_of("section")
    assert told(gate, content(0, "A warm day. "), content(0, "Home.", ends=True)) == []
    out = told(gate, verdict(0, True))
    assert (text_of(out), out[0].type) == ("A warm day. Home.", "safety_check")


@pytest.mark.parametrize("message", [verdict(0, False), verdict(1, True)])
def test_gate_by_section_without_an_approval_of_that_section_tells_nothing(message: Message) -> None:
    gate = gate_of("section")
    assert text_of(told(gate, content(0, "A warm day.", ends=True), message)) == ""


def test_gate_by_section_never_tells_a_section_that_is_not_at_its_end() -> None:
    assert text_of(told(gate_of("section"), content(0, "A warm day. "), verdict(0, True))) == ""


def test_gate_by_section_keeps_back_what_breaks_a_rule_also_if_a_judge_approves() -> None:
    gate = gate_of("section")
    assert text_of(told(gate, content(0, "He killed.", ends=True), verdict(0, True))) == ""


def test_gate_by_section_shows_of_the_state_only_what_was_approved() -> None:
    gate, section = gate_of("section"), Section(index=0, text="A warm day.")
    good = Verdict(stage="section", approved=True, score=1, issues=[])
    assert gate.shown(State(), section) == ("", False)
    assert gate.shown(State(judged={0: {**good, "approved": False}}), section) == ("", False)
    assert gate.shown(State(judged={0: good}), section) == ("A warm day.", True)


def test_gate_measures_how_long_text_was_held() -> None:
    clock = Clock()
    gate = gate_of(clock=clock)
    told(gate, content(0, "The fox"))
    clock.now = 0.2
    told(gate, content(0, " ran."))
    clock.now = 0.3
    told(gate, content(0, " Then"))
    given = MetricsCalculated(
        word_count=1, estimated_reading_time=1, vocabulary_level="x", educational_elements=[]
    )
    [message] = told(gate, given)
    assert isinstance(message, MetricsCalculated)
    assert message.model_dump()["gate"] == {
        "mode": "sentence",
        "held_ms_max": 300.0,
        "held_ms_mean": 200.0,
    }


def test_gate_by_section_quotes_no_word_of_a_section_that_it_holds() -> None:
    gate = gate_of("section")
    assert told(gate, content(0, "The fox ran home.", ends=True), content(1, "A grim day.", ends=True)) == []
    issues = [
        SafetyIssue(category="fright", severity="high", section=index, quote=quote, advice="Be kinder.")
        for index, quote in ((0, "fox"), (1, "grim"))
    ]
    refused = SafetyChecked(stage="section", approved=False, score=0.2, issues=issues[1:], section=1)
    (shown,) = told(gate, refused)
    assert isinstance(shown, SafetyChecked)
    assert [issue.get("quote") for issue in shown.issues] == [None]
    told(gate, verdict(0, approved=True))
    final = SafetyChecked(stage="final", approved=False, score=0.2, issues=issues)
    (shown,) = told(gate, final)
    assert isinstance(shown, SafetyChecked)
    assert [issue.get("quote") for issue in shown.issues] == ["fox", None]
    assert refused.issues[0].get("quote") == "grim"  # what the rewrite is told stays whole


def test_gate_by_section_quotes_no_word_of_the_rewrite_of_a_section_that_it_had_released() -> None:
    gate = gate_of("section")
    told(gate, content(0, "The fox ran home.", ends=True), verdict(0, approved=True), retract(0))
    told(gate, content(0, "A grim day.", ends=True))
    grim = SafetyIssue(category="fright", severity="high", section=0, quote="grim", advice="Be kinder.")
    refused = SafetyChecked(stage="section", approved=False, score=0.2, issues=[grim], section=0)
    (shown,) = told(gate, refused)
    assert isinstance(shown, SafetyChecked) and "quote" not in shown.issues[0]


def test_gate_by_sentence_quotes_no_word_of_the_sentence_that_it_stopped() -> None:
    gate = gate_of()
    (*_, stopped) = told(gate, content(0, "The fox ran home. He wanted to kill it. It ran."))
    assert isinstance(stopped, SafetyChecked)
    assert "quote" not in stopped.issues[0] and stopped.issues[0]["category"] == "violence"


def quotes(messages: list[Message]) -> list[str | None]:
    return [issue.get("quote") for m in messages if isinstance(m, SafetyChecked) for issue in m.issues]


def test_gate_quotes_no_word_of_a_piece_that_it_holds_and_of_told_text_what_it_likes() -> None:
    grim = SafetyIssue(category="fright", severity="high", quote="grim", advice="Be kinder.")
    refused = SafetyChecked(stage="section", approved=False, score=0.2, issues=[grim], piece="M1")
    expected: dict[GateMode, str | None] = {"section": None, "sentence": "grim", "open": "grim"}
    for mode, quote in expected.items():
        gate = gate_of(mode)
        told(gate, content(0, "A grim day. It rained.", ends=True, piece="M1"))
        assert quotes(told(gate, refused)) == [quote]
    gate = gate_of()
    told(gate, content(0, "A grim day. He wanted to kill it. ", piece="M1"))
    assert quotes(told(gate, refused)) == [None]


def test_gate_sends_no_empty_message_while_a_sentence_goes_on() -> None:
    gate = gate_of()
    assert told(gate, content(0, "The fox"), content(0, " ran")) == []
    assert told(gate, content(0, "", ends=True)) == [content(0, "The fox ran", ends=True)]
    assert told(gate, content(1, "", ends=True)) == [content(1, "", ends=True)]


def test_gate_says_of_a_stopped_section_who_stopped_it_and_where() -> None:
    [stopped] = told(gate_of(), content(2, "He wanted to kill it. It ran.", ends=True))[-1:]
    assert isinstance(stopped, SafetyChecked)
    assert (stopped.section, stopped.piece, stopped.score, stopped.layers) == (2, None, 0.0, ["rules"])
    assert stopped.policy == CHILD.label
    assert [issue["section"] for issue in stopped.issues] == [2]


def test_gate_by_section_tells_no_more_than_was_written_and_only_once() -> None:
    gate = gate_of("section")
    told(gate, content(1, "A warm day.", ends=True))
    assert told(gate, verdict(1, True)) == [verdict(1, True), content(1, "A warm day.", ends=True)]
    assert told(gate, verdict(1, True)) == [verdict(1, True)]


def test_gate_with_a_verdict_of_no_section_tells_nothing() -> None:
    gate = gate_of("section")
    told(gate, content(0, "A warm day.", ends=True))
    of_all = SafetyChecked(stage="section", approved=True, score=1, issues=[])
    assert told(gate, of_all) == [of_all]


def test_gate_shows_of_a_state_what_its_mode_would_have_told() -> None:
    unsafe = Section(index=0, text="A warm day. He killed. Home.")
    good = State(judged={0: Verdict(stage="section", approved=True, score=1, issues=[])})
    assert gate_of("open").shown(State(), unsafe) == (unsafe["text"], True)
    assert gate_of("sentence").shown(good, unsafe) == ("A warm day.", False)
    assert gate_of("section").shown(good, unsafe) == ("", False)


def test_gate_shows_of_a_state_no_more_than_moderation_let_pass() -> None:
    moderation = ModeratedSentences(
        sentences=2, unanswered=0, held_ms_max=1.0, held_ms_sum=2.0, shown=12, issues=[]
    )
    stopped = Section(index=0, text="A warm day. A friend came.", moderation=moderation)
    assert gate_of().shown(State(), stopped) == ("A warm day. ", False)
    passed = Section(**{**stopped, "moderation": {**moderation, "shown": 26}})
    assert gate_of().shown(State(), passed) == ("A warm day. A friend came.", True)


def test_gate_reports_its_delays_beside_those_of_moderation() -> None:
    measured_before = {"moderation": {"sentences": 3, "held_ms_max": 7.0}}
    metrics = MetricsCalculated.model_validate(
        {
            "word_count": 1,
            "estimated_reading_time": 1,
            "vocabulary_level": "x",
            "educational_elements": [],
            "gate": measured_before,
        }
    )
    [message] = told(gate_of(), metrics)
    assert (message.model_extra or {})["gate"] == {**measured_before, **gate_of().report()}


def measured(gate: Gate) -> tuple[float, float]:
    report = gate.report()
    return report["held_ms_max"], report["held_ms_mean"]


def test_gate_that_held_nothing_reports_no_delay() -> None:
    assert measured(gate_of()) == (0.0, 0.0)


def test_gate_reports_delays_in_tenths_of_a_millisecond() -> None:
    clock = Clock()
    gate = gate_of(clock=clock)
    told(gate, content(0, "The fox"))
    clock.now = 0.12345
    told(gate, content(0, " ran.", ends=True))
    assert measured(gate) == (123.5, 61.7)


def test_gate_counts_no_delay_of_text_that_was_taken_back_or_stopped() -> None:
    clock = Clock()
    for fate in (retract(0), content(0, " is killed.", ends=True)):
        clock.now = 0.0
        gate = gate_of(clock=clock)
        told(gate, content(0, "The fox"), fate)
        clock.now = 5.0
        told(gate, retract(0), content(0, "It ran.", ends=True))
        assert measured(gate) == (0.0, 0.0)


def test_gate_counts_the_delay_of_a_chunk_until_its_last_letter_has_gone() -> None:
    clock = Clock()
    gate = gate_of(clock=clock)
    assert text_of(told(gate, content(0, "It ran. The fox"))) == "It ran."
    for now, chunk in ((1.0, " slept. "), (2.0, "And"), (3.0, " woke.")):
        clock.now = now
        told(gate, content(0, chunk, ends=now == 3.0))
    assert measured(gate) == (3000.0, 1500.0)  # the chunks waited for 3 s, 2 s, 1 s, and not at all
