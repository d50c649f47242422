"""A run's messages as another run's: caught up from wherever the copy is, then live."""

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.log.entry import Entry
from backend.runs.results.copies import catch_up, copy_live, end_copy
from tests.unit.logs import messages_of, run_logs, smooth_logs
from tests.unit.messages import EVERY_TYPE, OUTLINE, complete, content, error, progress, retract, workflow
from workflows.messages.messages import Message, MetricsCalculated, TextAppended
from workflows.messages.transcript import Transcript

METADATA = next(message for message in EVERY_TYPE if isinstance(message, MetricsCalculated))
WRITTEN: list[Message] = [
    workflow("started"),
    OUTLINE,
    content(0, "A first try."),
    error(),
    workflow("resumed", 2),
    retract(0),
    progress(10),
    content(1, "It ", ends=False),
    content(0, "The lamp", ends=False),
    content(1, "burns.", ends=True),
    content(0, " went out.", ends=True),
    content(0, "In short: it burns.", ends=True, piece="M1"),
    METADATA,
]


def transcript(*messages: Message) -> Transcript:
    made = Transcript()
    for message in messages:
        made.apply(message)
    return made


def shown(one: Transcript) -> object:
    """What a reader sees of it."""
    texts = {index: one.text_of(index) for index in one.started}
    pieces = {name: one.text_of(name) for name in one.pieces}
    return texts, pieces, one.finished, [one.is_finished(name) for name in one.pieces], one.outline, one.facts


def test_copy_of_a_whole_run_has_each_thing_once_and_each_text_whole() -> None:
    messages = list(catch_up(Transcript(), transcript(*WRITTEN)))
    assert [message.type for message in messages] == ["outline", *["content"] * 3, "metadata"]
    texts = [(m.section, m.chunk, m.piece) for m in messages if isinstance(m, TextAppended)]
    assert texts == [
        (0, "The lamp went out.", None),
        (1, "It burns.", None),
        (0, "In short: it burns.", "M1"),
    ]
    assert all(message.is_complete for message in messages if isinstance(message, TextAppended))


def test_copy_ends_as_a_run_of_its_own_that_cost_nothing() -> None:
    usage, ending = end_copy(complete("It burns."), "another")
    assert (ending.run_id, ending.cached, ending.story_content) == ("another", True, "It burns.")
    assert ending.usage == usage and (usage.cost_usd, usage.input_tokens) == (0, 0)
    assert usage.model == complete().usage.model


def test_what_costs_money_or_is_about_an_attempt_is_not_copied() -> None:
    left_out = {message.type for message in [*EVERY_TYPE, workflow("started")] if copy_live(message) is None}
    assert left_out == {"node_event", "progress", "usage", "input_required", "complete", "error"}
    assert copy_live(EVERY_TYPE[0]) == EVERY_TYPE[0]  # a section that begins


def apply(copy: Transcript, messages: list[Message]) -> None:
    for message in messages:
        copy.apply(message)


@given(run_log=st.one_of(run_logs, smooth_logs), data=st.data())
@settings(max_examples=80)
def test_copy_that_was_broken_off_anywhere_shows_what_its_source_shows(
    run_log: list[Entry], data: st.DataObject
) -> None:
    messages = messages_of(run_log)
    first = data.draw(st.integers(0, len(messages)), label="copied before the break")
    second = data.draw(st.integers(0, len(messages)), label="written when the copy goes on")
    copy = Transcript()
    apply(copy, [mine for each in messages[:first] if (mine := copy_live(each)) is not None])
    source = transcript(*messages[:second])
    apply(copy, list(catch_up(copy, source)))
    assert shown(copy) == shown(source)
    apply(copy, [mine for each in messages[second:] if (mine := copy_live(each)) is not None])
    assert shown(copy) == shown(transcript(*messages))
    assert list(catch_up(copy, transcript(*messages))) == [
        verdict
        for verdict in transcript(*messages).verdicts
        if verdict.approved and verdict not in copy.verdicts
    ]
