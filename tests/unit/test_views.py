"""A view is a pure function of the log: the same text in another order or other portions."""

from itertools import groupby
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.log.entry import Entry
from backend.streaming.views import Granularity, Order, View, first_id, number_in_view
from tests.unit.logs import messages_of, read_pieces, read_texts, run_logs, smooth_logs
from tests.unit.messages import complete, content, error, number, progress, retract, workflow
from workflows.messages.messages import TERMINAL, Message, TextAppended, TextRetracted, encode

_SENTENCE_ENDS = tuple(".!?…\"'”’»)]\n。！？")
orders = st.sampled_from(get_args(Order))
granularities = st.sampled_from(get_args(Granularity))

# A later section is whole when the run breaks, and an earlier one is written after it goes on.
BROKEN_ONCE = number(
    content(0, "A"),
    content(1, "B.", ends=True),
    error(),
    workflow("resumed", 2),
    content(0, "a.", ends=True),
    content(2, "C."),
)


def show(log: list[Entry], order: Order, granularity: Granularity = "token") -> list[Entry]:
    view = View(order, granularity)
    return [shown for entry in log for shown in view.feed(entry)]


def show_messages(
    *messages: Message, order: Order = "live", granularity: Granularity = "token"
) -> list[Message]:
    return messages_of(show(number(*messages), order, granularity))


@given(run_logs, orders, granularities, st.data())
def test_view_resumed_in_a_fresh_view_shows_exactly_what_remains(
    log: list[Entry], order: Order, granularity: Granularity, data: st.DataObject
) -> None:
    now = data.draw(st.integers(0, len(log)))
    before = show(log[:now], order, granularity)
    whole = show(log, order, granularity)
    assert whole[: len(before)] == before
    assert [entry.seq for entry in whole] == list(range(1, len(whole) + 1))


@given(run_logs, orders, granularities)
def test_view_of_a_run_that_is_over_ends_with_the_text_of_the_log(
    log: list[Entry], order: Order, granularity: Granularity
) -> None:
    log = log if log[-1].type in TERMINAL else [*log, *number(complete())]
    shown = show(log, order, granularity)
    assert read_texts(shown) == read_texts(log)
    assert shown[-1].data == log[-1].data


@given(run_logs, orders, granularities)
def test_view_shows_every_message_that_is_not_text_once_and_unchanged(
    log: list[Entry], order: Order, granularity: Granularity
) -> None:
    def others(entries: list[Entry]) -> list[bytes]:
        return [entry.data for entry in entries if entry.type not in ("content", "retract")]

    assert others(show(log, order, granularity)) == others(log)


@given(run_logs, granularities)
def test_view_of_pieces_gives_the_same_texts(log: list[Entry], granularity: Granularity) -> None:
    if log[-1].type not in TERMINAL:
        log = [*log, Entry(len(log) + 1, "error", encode(error()))]
    for order in get_args(Order):
        assert read_pieces(show(log, order, granularity)) == read_pieces(log)


@given(run_logs)
def test_reading_order_is_a_permutation_that_keeps_each_sections_own_order(log: list[Entry]) -> None:
    def of_section(entries: list[Entry]) -> dict[int, list[Message]]:
        found: dict[int, list[Message]] = {}
        for message in messages_of(entries):
            if isinstance(message, TextAppended | TextRetracted):
                found.setdefault(message.section, []).append(message)
        return found

    log = [*log, *number(complete())]
    shown = show(log, "reading")
    assert sorted(entry.data for entry in shown) == sorted(entry.data for entry in log)
    live, read = of_section(log), of_section(shown)
    for section in live:
        for piece in (None, "M1"):
            assert [m for m in live[section] if _piece(m) == piece] == [
                m for m in read[section] if _piece(m) == piece
            ]


def _piece(message: Message) -> str | None:
    assert isinstance(message, TextAppended | TextRetracted)
    return message.piece


@given(smooth_logs)
def test_reading_order_without_retracts_and_breaks_shows_each_section_in_one_go(log: list[Entry]) -> None:
    sections = [
        m.section
        for m in messages_of(show(log, "reading"))
        if isinstance(m, TextAppended) and m.piece is None
    ]
    runs = [section for section, _ in groupby(sections)]
    assert runs == sorted(set(runs))


@given(run_logs)
@example(BROKEN_ONCE)
def test_reading_order_never_withholds_a_section_whose_turn_it_is(log: list[Entry]) -> None:
    view = View("reading", "token")
    shown: list[Entry] = []
    finished: set[int] = set()
    for now, entry in enumerate(log, 1):
        shown += view.feed(entry)
        (message,) = messages_of([entry])
        if isinstance(message, TextAppended) and message.piece is None and message.is_complete:
            finished.add(message.section)
        elif isinstance(message, TextRetracted) and message.piece is None:
            finished.discard(message.section)
        turn = next(section for section in range(len(finished) + 1) if section not in finished)
        live, read = read_texts(log[:now]), read_texts(shown)
        assert [read.get(s) for s in range(turn + 1)] == [live.get(s) for s in range(turn + 1)]


def test_reading_order_holds_a_later_section_until_the_earlier_one_ends() -> None:
    assert show_messages(
        content(1, "B", ends=True),
        content(0, "A"),
        progress(5),
        content(2, "C"),
        content(0, "a", ends=True),
        order="reading",
    ) == [
        content(0, "A"),
        progress(5),
        content(0, "a", ends=True),
        content(1, "B", ends=True),
        content(2, "C"),
    ]


def test_reading_order_of_a_section_rewritten_after_it_was_read_shows_the_rewrite_at_once() -> None:
    said: list[Message] = [
        content(0, "A", ends=True),
        content(1, "B"),
        retract(0),
        content(0, "a", ends=True),
    ]
    assert show_messages(*said, order="reading") == said


def test_reading_order_at_the_end_shows_what_was_held() -> None:
    assert show_messages(content(2, "C"), content(1, "B"), error(), order="reading") == [
        content(1, "B"),
        content(2, "C"),
        error(),
    ]


@given(run_logs, orders)
def test_sentence_chunks_end_where_sentences_do(log: list[Entry], order: Order) -> None:
    shown = messages_of(show(log, order, "sentence"))
    for position, message in enumerate(shown):
        if not isinstance(message, TextAppended) or message.piece or message.is_complete:
            continue
        rest = [m for m in shown[position:] if not isinstance(m, TextAppended)]
        flushed = bool(rest) and rest[0].type in TERMINAL
        assert flushed or message.chunk.endswith(_SENTENCE_ENDS)


def test_sentence_granularity_gives_whole_sentences_and_the_rest_with_the_end() -> None:
    assert show_messages(
        content(0, "Once"),
        content(0, " upon. A"),
        progress(3),
        content(0, " time! Th"),
        content(0, "e end", ends=True),
        granularity="sentence",
    ) == [
        content(0, "Once upon."),
        progress(3),
        content(0, " A time!"),
        content(0, " The end", ends=True),
    ]


@given(smooth_logs, orders)
def test_section_granularity_gives_a_finished_section_in_one_message(log: list[Entry], order: Order) -> None:
    shown = messages_of(show(log, order, "section"))
    finished = [m for m in shown if isinstance(m, TextAppended) and m.is_complete and not m.piece]
    texts = read_texts(log)
    assert len({data.section for data in finished}) == len(finished)
    assert all(data.chunk == texts.get(data.section, "") for data in finished)


@pytest.mark.parametrize("granularity", ["sentence", "section"])
def test_granularity_with_text_that_is_taken_back_before_it_was_shown_forgets_it(
    granularity: Granularity,
) -> None:
    assert show_messages(
        content(0, "Old"), retract(0), content(0, "New", ends=True), granularity=granularity
    ) == [retract(0), content(0, "New", ends=True)]


@pytest.mark.parametrize("granularity", ["sentence", "section"])
def test_granularity_when_a_piece_is_taken_back_keeps_the_text_of_the_story(granularity: Granularity) -> None:
    assert show_messages(
        content(0, "Once"), retract(0, piece="M1"), content(0, " more", ends=True), granularity=granularity
    ) == [retract(0, piece="M1"), content(0, "Once more", ends=True)]


@pytest.mark.parametrize("ending", [error(), complete()])
def test_granularity_when_the_run_ends_shows_every_word_there_is(ending: Message) -> None:
    for granularity in get_args(Granularity):
        shown = show_messages(content(0, "No e"), content(0, "nd"), ending, granularity=granularity)
        assert read_texts(number(*shown)) == {0: "No end"}
        assert shown[-1] == ending


VIEWS: list[tuple[Order, Granularity]] = [(o, g) for o in get_args(Order) for g in get_args(Granularity)]


def test_ids_of_the_log_itself_are_its_numbers() -> None:
    assert first_id("live", "token") == 0
    assert number_in_view(17, "live", "token") == 17


@pytest.mark.parametrize(("order", "granularity"), VIEWS)
@pytest.mark.parametrize("number", [1, 2, 10**12 - 1])
def test_id_of_a_view_gives_its_number_back_in_that_view_and_is_refused_in_every_other(
    order: Order, granularity: Granularity, number: int
) -> None:
    id = first_id(order, granularity) + number
    assert number_in_view(id, order, granularity) == number
    assert id < 2**53 and len(str(id)) <= 15  # JavaScript counts so far, and an id has no more digits
    for other in VIEWS:
        if other != (order, granularity):
            with pytest.raises(ValueError, match=f"sent with order={order}&granularity={granularity}, and"):
                number_in_view(id, *other)


def test_ids_of_no_two_views_are_the_same() -> None:
    assert len({first_id(*view) for view in VIEWS}) == len(VIEWS) == 6


@pytest.mark.parametrize(("order", "granularity"), VIEWS)
def test_id_before_the_first_message_is_of_every_view(order: Order, granularity: Granularity) -> None:
    assert number_in_view(0, order, granularity) == 0


@pytest.mark.parametrize("id", [6 * 10**12, 6 * 10**12 + 1, 10**15 - 1])
def test_id_of_no_view_is_refused(id: int) -> None:
    for view in VIEWS:
        with pytest.raises(ValueError, match=f"no message was ever sent with the number {id}"):
            number_in_view(id, *view)
