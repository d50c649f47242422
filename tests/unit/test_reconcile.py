"""After a crash between the two files: a reader of the log is brought to what the checkpoint has."""

from contextlib import nullcontext
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.log.entry import Entry
from backend.runs.attempt.reconcile import check_agreement, reconcile, unless_logged
from tests.unit.logs import messages_of, read_texts, run_logs
from tests.unit.messages import EVERY_TYPE, OUTLINE, content, number, retract
from workflows.errors import Internal
from workflows.messages.messages import (
    FactsGathered,
    Message,
    MetricsCalculated,
    OutlinePlanned,
    SafetyIssue,
    TextAppended,
    TextRetracted,
)
from workflows.messages.transcript import Transcript
from workflows.state import Piece, Section, State
from workflows.verdicts import Verdict

METADATA = {
    "word_count": 3,
    "estimated_reading_time": 0.1,
    "vocabulary_level": "beginner",
    "educational_elements": [],
}
texts = st.text(st.sampled_from("Once upon. \n"), max_size=20)


def replay(*messages: Message) -> Transcript:
    transcript = Transcript()
    for message in messages:
        transcript.apply(message)
    return transcript


def state_of(sections: dict[int, str], **others: Any) -> State:
    known = {index: Section(index=index, text=text) for index, text in sections.items()}
    return cast(State, {"sections": known, **others})


def verdict(*at_fault: int, approved: bool = False) -> Verdict:
    issues = [
        SafetyIssue(category="x", severity="high", section=index, quote="q", advice="a") for index in at_fault
    ]
    return Verdict(stage="final", approved=approved, score=0.1, issues=issues)


@st.composite
def crashes(draw: st.DrawFn) -> tuple[list[Entry], State]:
    """A log and a checkpoint that are any number of steps apart."""
    log = draw(run_logs)
    told = read_texts(log)
    sections: dict[int, str] = {}
    for index in draw(st.sets(st.integers(0, 4))):
        there = told.get(index, "")
        # The same, further on, behind, or something else: what a rewrite leaves.
        sections[index] = draw(
            st.one_of(st.just(there), texts.map(there.__add__), st.just(there[:-1]), texts)
        )
    state = state_of(sections, notes={})
    if draw(st.booleans()):
        state["outline"] = OUTLINE.model_dump()  # type: ignore[typeddict-item]
    if draw(st.booleans()):
        state["metadata"] = METADATA
    return log, state


@given(crashes())
def test_reconcile_makes_the_readers_text_equal_to_the_checkpoints(crash: tuple[list[Entry], State]) -> None:
    log, state = crash
    told = list(reconcile(replay(*messages_of(log)), state))
    text = read_texts([*log, *number(*told)])
    assert text == {index: section["text"] for index, section in state["sections"].items() if section["text"]}
    after = replay(*messages_of(log), *told)
    assert after.finished == set(state["sections"])


@given(crashes())
def test_reconcile_twice_says_nothing_the_second_time(crash: tuple[list[Entry], State]) -> None:
    log, state = crash
    transcript = replay(*messages_of(log))
    for message in list(reconcile(transcript, state)):
        transcript.apply(message)
    assert list(reconcile(transcript, state)) == []


@given(crashes())
def test_reconcile_says_outline_and_metadata_only_if_the_log_lacks_them(
    crash: tuple[list[Entry], State],
) -> None:
    log, state = crash
    bare = {message.type for message in reconcile(replay(*messages_of(log)), state)}
    assert ("outline" in bare, "metadata" in bare) == ("outline" in state, "metadata" in state)
    known = [m for m in EVERY_TYPE if isinstance(m, OutlinePlanned | MetricsCalculated)]
    again = {message.type for message in reconcile(replay(*messages_of(log), *known), state)}
    assert again <= {"content", "retract"}


@given(crashes(), st.data())
def test_reconcile_while_a_rewrite_was_under_way_never_shows_what_was_withdrawn(
    crash: tuple[list[Entry], State], data: st.DataObject
) -> None:
    log, state = crash
    at_fault = data.draw(st.sets(st.sampled_from(sorted(state["sections"]) or [9])))
    state["safety"] = verdict(*at_fault)
    told = list(reconcile(replay(*messages_of(log)), state))
    before, after = read_texts(log), read_texts([*log, *number(*told)])
    for index, section in state["sections"].items():
        if index in at_fault:
            assert after.get(index, "") in ("", before.get(index, ""))
            assert after.get(index, "") in ("", section["text"])
        else:
            assert after.get(index, "") == section["text"]


def test_reconcile_of_an_empty_log_and_no_checkpoint_is_nothing() -> None:
    assert list(reconcile(replay(), State())) == []


def test_reconcile_when_the_log_is_behind_adds_what_is_missing_without_taking_back() -> None:
    transcript = replay(content(0, "Once up"))
    assert list(reconcile(transcript, state_of({0: "Once upon."}))) == [content(0, "on.", ends=True)]


def test_reconcile_when_only_the_end_is_missing_adds_an_empty_last_chunk() -> None:
    assert list(reconcile(replay(content(0, "Once.")), state_of({0: "Once."}))) == [content(0, "", ends=True)]


def test_reconcile_when_the_log_is_ahead_takes_the_section_back() -> None:
    transcript = replay(content(0, "Once.", ends=True), content(1, "Then"))
    assert list(reconcile(transcript, state_of({0: "Once."}))) == [retract(1)]
    assert list(reconcile(transcript, State())) == [retract(0), retract(1)]


def test_reconcile_when_the_texts_differ_takes_back_and_tells_anew() -> None:
    transcript = replay(content(0, "Old.", ends=True))
    assert list(reconcile(transcript, state_of({0: "Old. And new."}))) == [
        retract(0),
        content(0, "Old. And new.", ends=True),
    ]


def test_reconcile_after_a_verdict_that_approves_restores_what_was_noted() -> None:
    state = state_of({0: "A dead leaf."}, safety=verdict(0, approved=True))
    assert list(reconcile(replay(), state)) == [content(0, "A dead leaf.", ends=True)]


def test_reconcile_between_two_rewrites_restores_the_one_that_is_done() -> None:
    sections = {0: "He smiled.", 1: "She killed.", 2: "A cat."}
    state = state_of(sections, safety=verdict(0, 1), revising=[2], rewritten=[0, 2])
    told = replay(
        *(content(index, "Before.", ends=True) for index in range(3)),
        *(retract(0), content(0, "He sm"), retract(1), content(1, "She sm"), retract(2)),
    )
    assert list(reconcile(told, state)) == [
        content(0, "iled.", ends=True),
        retract(1),
        content(2, "A cat.", ends=True),
    ]


def test_reconcile_when_a_rewrite_broke_off_takes_its_beginning_back() -> None:
    state = state_of({0: "He killed."}, safety=verdict(0))
    partly = replay(content(0, "He killed.", ends=True), retract(0), content(0, "He sm"))
    assert list(reconcile(partly, state)) == [retract(0)]
    assert list(reconcile(replay(content(0, "x", ends=True), retract(0)), state)) == []


def test_reconcile_says_why() -> None:
    told = list(reconcile(replay(content(0, "x")), State()))
    assert [m.reason for m in told if isinstance(m, TextRetracted)] == ["restart"]
    assert not [m for m in told if isinstance(m, TextAppended)]


def piece_state(**texts: str) -> State:
    pieces = {name: Piece(name=name, title=name, target_words=9, text=text) for name, text in texts.items()}
    return cast(State, {"sections": {}, "pieces": pieces})


def piece(name: str, text: str, *, ends: bool = False) -> TextAppended:
    return content(0, text, ends=ends, piece=name)


def test_reconcile_adds_what_the_log_lacks_of_a_piece() -> None:
    told = list(reconcile(replay(piece("M1", "One")), piece_state(M1="One two.", R1="Three.")))
    assert told == [piece("M1", " two.", ends=True), piece("R1", "Three.", ends=True)]


def test_reconcile_takes_back_pieces_that_the_checkpoint_lacks_or_has_otherwise() -> None:
    transcript = replay(piece("M1", "One.", ends=True), piece("R1", "Old.", ends=True))
    told = list(reconcile(transcript, piece_state(R1="New.")))
    assert told == [retract(0, "M1"), retract(0, "R1"), piece("R1", "New.", ends=True)]
    for message in told:
        transcript.apply(message)
    assert (transcript.pieces, transcript.text_of("R1")) == (["R1"], "New.")
    assert list(reconcile(transcript, piece_state(R1="New."))) == []


def test_reconcile_tells_facts_that_the_log_lacks_or_has_otherwise() -> None:
    facts = {"canonical_pack": {"height": 8848}, "sources": []}
    told = list(reconcile(replay(), state_of({}, facts=facts)))
    assert told == [FactsGathered(canonical_pack={"height": 8848}, sources=[])]
    assert list(reconcile(replay(*told), state_of({}, facts=facts))) == []
    assert list(reconcile(replay(*told), state_of({}, facts={**facts, "canonical_pack": {}}))) != []


def test_reconcile_before_a_review_is_answered_shows_no_section_that_is_to_be_revised() -> None:
    state = state_of({0: "Old.", 1: "Fine."}, revising=[0])
    assert list(reconcile(replay(retract(0)), state)) == [content(1, "Fine.", ends=True)]
    assert list(reconcile(replay(content(0, "Old.", ends=True)), state_of({0: "Old."}, revising=[0]))) == []


def test_reconcile_with_a_review_and_a_verdict_holds_back_what_either_found_at_fault() -> None:
    state = state_of({0: "A.", 1: "B.", 2: "C."}, revising=[0], safety=verdict(1))
    assert list(reconcile(replay(), state)) == [content(2, "C.", ends=True)]
    rewritten = state_of({0: "A.", 1: "B."}, revising=[0], safety=verdict(1), rewritten=[0, 1])
    assert list(reconcile(replay(), rewritten)) == [content(0, "A.", ends=True), content(1, "B.", ends=True)]


def test_reconcile_asks_what_may_be_shown_of_the_state_that_it_was_given() -> None:
    state = state_of({0: "A warm day. Home."}, judged={})

    def shown(of: State, section: Section) -> tuple[str, bool]:
        assert of is state
        return section["text"][:11], False

    assert list(reconcile(replay(), state, shown)) == [content(0, "A warm day.")]


def test_reconcile_says_nothing_of_a_section_of_which_all_that_may_be_shown_was_told() -> None:
    def shown(of: State, section: Section) -> tuple[str, bool]:
        del of
        return section["text"][:6], False

    assert list(reconcile(replay(content(0, "A warm")), state_of({0: "A warm day."}), shown)) == []
    ended = list(reconcile(replay(content(0, "A warm", ends=True)), state_of({0: "A warm day."}), shown))
    assert ended == [retract(0), content(0, "A warm")]


def test_reconcile_begins_no_section_of_which_nothing_may_be_shown() -> None:
    assert list(reconcile(replay(), state_of({0: "A warm day."}), lambda *_: ("", False))) == []


def test_reconcile_goes_on_to_the_next_piece_when_one_is_as_it_should_be() -> None:
    told = replay(piece("M1", "Same.", ends=True))
    assert list(reconcile(told, piece_state(M1="Same.", M2="New."))) == [piece("M2", "New.", ends=True)]


def test_reconcile_takes_back_a_piece_that_ended_shorter_than_the_checkpoint_has_it() -> None:
    told = replay(piece("M1", "Once", ends=True))
    assert list(reconcile(told, piece_state(M1="Once more."))) == [
        retract(0, piece="M1"),
        piece("M1", "Once more.", ends=True),
    ]


@pytest.mark.parametrize(
    ("said", "is_checked"),
    [
        ([content(0, "A warm day.", ends=True)], False),
        ([content(0, "A warm day.")], True),
        ([content(0, "A cold day.", ends=True)], True),
        ([], True),
    ],
    ids=["all of it, and that it ends", "not that it ends", "something else", "nothing"],
)
def test_only_a_section_that_was_logged_whole_is_not_checked_again(
    said: list[Message], is_checked: bool
) -> None:
    checked = []

    def shown(of: State, section: Section) -> tuple[str, bool]:
        checked.append((of, section["index"]))
        return "A warm", False

    state = state_of({0: "A warm day."})
    show = unless_logged(replay(*said), shown)
    assert show(state, state["sections"][0]) == (("A warm", False) if is_checked else ("A warm day.", True))
    assert checked == ([(state, 0)] if is_checked else [])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([content(0, "A warm day."), TextAppended(section=0, piece="tip", chunk="Rest.")], None),
        ([content(0, "A warm"), TextAppended(section=0, piece="tip", chunk="Rest.")], "The text that"),
        ([content(0, "A warm day."), TextAppended(section=0, piece="tip", chunk="Run.")], "A piece that"),
        ([content(0, "A warm day.")], "A piece that"),
    ],
    ids=["the same", "another text", "another piece", "a piece less"],
)
def test_log_that_is_not_what_the_graph_has_is_found(said: list[Message], told: str | None) -> None:
    state = state_of(
        {0: "A warm day."}, pieces={"tip": Piece(name="tip", title="Tip", text="Rest.", target_words=1)}
    )
    with pytest.raises(Internal, match=told) if told else nullcontext():
        check_agreement(replay(*said), state)
