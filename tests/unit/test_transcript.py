"""The reader's rule, as the service applies it."""

from hypothesis import given
from hypothesis import strategies as st

from backend.log.entry import Entry
from tests.unit.logs import messages_of, read_texts, run_logs
from tests.unit.messages import (
    EVERY_TYPE,
    OUTLINE,
    USAGE,
    complete,
    content,
    error,
    progress,
    retract,
    workflow,
)
from tests.unit.run_messages import merge_whole
from workflows.messages.messages import Message, MetricsCalculated, RunCompleted, RunFailed
from workflows.messages.transcript import Transcript


def replay(*messages: Message) -> Transcript:
    transcript = Transcript()
    for message in messages:
        transcript.apply(message)
    return transcript


def texts_of(transcript: Transcript) -> dict[int, str]:
    texts = {section: transcript.text_of(section) for section in transcript.started}
    return {section: text for section, text in texts.items() if text}


@given(run_logs)
def test_transcript_has_the_text_that_the_readers_rule_gives(log: list[Entry]) -> None:
    transcript = replay(*messages_of(log))
    assert texts_of(transcript) == read_texts(log)
    assert transcript.started == sorted(transcript.started)
    assert transcript.finished <= set(transcript.started)


@given(run_logs)
def test_transcript_of_a_merged_log_is_the_same(log: list[Entry]) -> None:
    plain, merged = replay(*messages_of(log)), replay(*messages_of(merge_whole(log)))
    assert texts_of(plain) == texts_of(merged)
    assert (plain.finished, plain.started, plain.words) == (merged.finished, merged.started, merged.words)
    assert plain.terminal == merged.terminal


@given(run_logs, st.data())
def test_transcript_terminal_is_the_last_message_or_nothing(log: list[Entry], data: st.DataObject) -> None:
    messages = messages_of(log)[: data.draw(st.integers(0, len(log)))]
    last = messages[-1] if messages else None
    assert replay(*messages).terminal == (last if isinstance(last, RunCompleted | RunFailed) else None)


def test_transcript_of_nothing_is_empty() -> None:
    empty = replay()
    assert (empty.text, empty.words, empty.started, empty.terminal) == ("", 0, [], None)
    assert empty.text_of(3) == ""


def test_transcript_joins_sections_in_reading_order_by_a_blank_line() -> None:
    transcript = replay(content(1, "Two."), content(0, "One"), content(0, ".", ends=True))
    assert transcript.text == "One.\n\nTwo."
    assert transcript.words == 2
    assert transcript.finished == {0}


def test_transcript_after_retract_forgets_text_and_end() -> None:
    transcript = replay(content(0, "One.", ends=True), retract(0))
    assert (transcript.text, transcript.started, transcript.finished) == ("", [], set())


def test_transcript_leaves_derived_pieces_out_of_the_text() -> None:
    transcript = replay(content(0, "One."), content(0, "Ad", ends=True, piece="M1"), retract(0, piece="M1"))
    assert (transcript.text, transcript.finished) == ("One.", set())


def test_transcript_keeps_the_newest_of_what_is_told_more_than_once() -> None:
    newer = USAGE.model_copy(update={"output_tokens": 99})
    transcript = replay(*EVERY_TYPE, progress(50), newer, workflow("resumed", 2))
    assert transcript.usage == newer
    assert transcript.percent == 50
    assert transcript.outline == OUTLINE
    assert transcript.metadata is not None
    assert transcript.terminal is None


def test_transcript_counts_attempts_and_knows_if_metadata_came() -> None:
    assert (
        replay(workflow("started"), error(), workflow("resumed", 2), workflow("completed", 2)).attempts == 2
    )
    assert replay(complete()).metadata is None
    assert replay(*[m for m in EVERY_TYPE if isinstance(m, MetricsCalculated)]).metadata is not None
