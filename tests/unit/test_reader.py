"""A reader: everything after its cursor, once, in whatever view, until the run's last message."""

import asyncio
from typing import get_args

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.log.entry import Entry
from backend.log.memory import MemoryLog
from backend.log.sql import SqlLog
from backend.runs.readers.reader import Reader, open_reader
from backend.store.owner import Owner
from backend.store.runs.runs import RunRepository
from backend.store.sql.database import Database
from backend.streaming.options import StreamOptions
from backend.streaming.views import Granularity, Order, View, first_id
from tests.databases import open_log
from tests.unit.logs import messages_of, read_texts, run_logs
from tests.unit.messages import complete, content, error, number, workflow
from tests.unit.run_messages import merge_whole
from tests.unit.stored_runs import add_run
from workflows.errors import InvalidInput
from workflows.messages.messages import TERMINAL, Message

PATIENCE = 10.0
VIEWS: list[tuple[Order, Granularity]] = [(o, g) for o in get_args(Order) for g in get_args(Granularity)]
FAILED_ONCE: tuple[Message, ...] = (
    content(0, "Once"),
    error(),
    workflow("resumed", 2),
    content(0, " more.", ends=True),
    complete(),
)


async def write(log: SqlLog, repository: RunRepository, *messages: Message) -> tuple[str, int]:
    """A run with these messages in its log, and the epoch of its writer."""
    run = await add_run(repository)
    epoch = await log.take_over(run.id)
    await log.append(run.id, epoch, number(*messages))
    return run.id, epoch


async def read_all(reader: Reader) -> list[Entry]:
    """What there is now."""
    found: list[Entry] = []
    while batch := await reader.poll():
        found += batch
    return found


def expect(run_log: list[Entry], order: Order, granularity: Granularity, cursor: int) -> list[Entry]:
    """What a reader who comes back after `cursor` is to get: the definition, without a database."""
    view = View(order, granularity)
    shown: list[Entry] = []
    for entry in run_log:
        known = [entry] if (order, granularity) == ("live", "token") else view.feed(entry)
        superseded = entry.type == "error" and entry is not run_log[-1]
        shown += [item for item in known if not (superseded and item.type == "error")]
    return merge_whole([item for item in shown if item.seq > cursor])


@given(run_log=run_logs, view=st.sampled_from(VIEWS), data=st.data())
@settings(max_examples=40)
async def test_reader_who_comes_back_after_any_message_gets_exactly_what_follows(
    log: SqlLog,
    repository: RunRepository,
    database: Database,
    run_log: list[Entry],
    view: tuple[Order, Granularity],
    data: st.DataObject,
) -> None:
    order, granularity = view
    now = data.draw(st.integers(0, len(run_log)), label="written when the first reader comes")
    run = await add_run(repository)
    epoch = await log.take_over(run.id)
    await log.append(run.id, epoch, run_log[:now])
    first = open_reader(log, run.id, 0, options=StreamOptions(order, granularity))
    live = await read_all(first)
    await log.append(run.id, epoch, run_log[now:])
    if first.state == "ended":  # with an error, which what follows supersedes: such a reader comes back
        first = open_reader(log, run.id, live[-1].seq, options=StreamOptions(order, granularity))
    cursor = data.draw(st.sampled_from([0, *(entry.seq for entry in live)]), label="cursor")
    live += await read_all(first)

    elsewhere = data.draw(st.sampled_from([log, open_log(database)]))
    again = open_reader(elsewhere, run.id, cursor, options=StreamOptions(order, granularity))
    rest = await read_all(again)
    assert merge_whole(rest) == expect(run_log, order, granularity, cursor)
    before = [entry for entry in live if entry.seq <= cursor]
    assert read_texts(before + rest) == read_texts(live)
    if run_log[-1].type in TERMINAL:
        assert read_texts(live) == read_texts(run_log)
        assert await again.poll() is None
        assert await first.poll() is None
    else:
        assert await again.poll() == []


@pytest.mark.parametrize(("order", "granularity"), VIEWS)
async def test_reader_who_has_the_last_message_is_told_at_once_that_there_is_no_more(
    log: SqlLog, repository: RunRepository, order: Order, granularity: Granularity
) -> None:
    run, _ = await write(log, repository, content(0, "Once.", ends=True), complete())
    (*_, last) = await read_all(open_reader(log, run, 0, options=StreamOptions(order, granularity)))
    assert last.type == "complete"
    assert await open_reader(log, run, last.seq, options=StreamOptions(order, granularity)).poll() is None


@pytest.mark.parametrize(("order", "granularity"), VIEWS)
async def test_reader_with_a_cursor_that_was_never_handed_out_is_refused(
    log: SqlLog, repository: RunRepository, order: Order, granularity: Granularity
) -> None:
    going_on, _ = await write(log, repository, content(0, "Once."))
    over, _ = await write(log, repository, content(0, "Once.", ends=True), complete())
    begun, _ = await write(log, repository)
    for run in (going_on, over, begun):
        reader = open_reader(log, run, 99, options=StreamOptions(order, granularity))
        with pytest.raises(InvalidInput, match="no message 99 yet") as refused:
            await reader.poll()
        assert [error.field for error in refused.value.errors] == ["last_event_id"]


async def test_reader_of_a_run_that_has_said_nothing_yet_waits(
    log: SqlLog, repository: RunRepository
) -> None:
    run, _ = await write(log, repository)
    for order, granularity in VIEWS:
        assert await open_reader(log, run, 0, options=StreamOptions(order, granularity)).poll() == []


async def test_reader_who_comes_late_gets_adjacent_text_in_one_message(
    log: SqlLog, repository: RunRepository
) -> None:
    run, _ = await write(log, repository, *(content(0, f"{n} ") for n in range(5)), complete())
    read = await read_all(open_reader(log, run, 0))
    assert messages_of(read) == [content(0, "0 1 2 3 4 "), complete()]
    assert [entry.seq for entry in read] == [5, 6]


async def test_reader_of_a_resumed_run_is_not_sent_the_error_that_was_superseded(
    log: SqlLog, repository: RunRepository
) -> None:
    run, _ = await write(log, repository, *FAILED_ONCE)
    read = await read_all(open_reader(log, run, 0))
    assert [entry.type for entry in read] == ["content", "node_event", "content", "complete"]


async def test_reader_whose_last_message_was_an_error_gets_what_came_after_it(
    log: SqlLog, repository: RunRepository
) -> None:
    run, epoch = await write(log, repository, *FAILED_ONCE[:2])
    reader = open_reader(log, run, 0)
    assert [entry.seq for entry in await read_all(reader)] == [1, 2]
    assert await reader.poll() is None
    assert await open_reader(log, run, 2).poll() is None
    await log.append(run, epoch, number(*FAILED_ONCE)[2:])
    again = open_reader(log, run, 2)
    assert [entry.seq for entry in await read_all(again)] == [3, 4, 5]
    assert await again.poll() is None


async def test_reader_of_a_run_that_waits_is_woken_by_its_next_message(
    log: SqlLog, repository: RunRepository
) -> None:
    run, epoch = await write(log, repository, content(0, "Once"))
    reader = open_reader(log, run, 1)
    assert await reader.poll() == []
    waiting = asyncio.create_task(reader.wait())
    await asyncio.sleep(0)
    await log.append(run, epoch, number(content(0, "Once"), content(0, " more"))[1:])
    await asyncio.wait_for(waiting, PATIENCE)
    assert messages_of(await reader.poll() or []) == [content(0, " more")]


async def test_reader_in_another_process_looks_again_by_itself(
    log: SqlLog, repository: RunRepository, database: Database
) -> None:
    run, epoch = await write(log, repository, content(0, "Once"))
    reader = open_reader(open_log(database), run, 1)
    assert await reader.poll() == []
    await log.append(run, epoch, number(content(0, "Once"), complete())[1:])
    await asyncio.wait_for(reader.wait(), PATIENCE)
    assert messages_of(await reader.poll() or []) == [complete()]
    assert await reader.poll() is None


async def test_reader_of_a_long_run_gets_all_of_it_in_several_batches(
    log: SqlLog, repository: RunRepository
) -> None:
    parts = [content(n % 2, f"{n} ") for n in range(1100)]
    run, _ = await write(log, repository, *parts, complete())
    for order, granularity in VIEWS[:2] + VIEWS[-1:]:
        read = await read_all(open_reader(log, run, 0, options=StreamOptions(order, granularity)))
        assert read_texts(read) == read_texts(number(*parts))
        assert read[-1].type == "complete"


async def test_reader_of_a_run_that_is_deleted_comes_to_an_end(
    log: SqlLog, repository: RunRepository
) -> None:
    for order, granularity in VIEWS:
        run, _ = await write(log, repository, content(0, "Once. "))
        reader = open_reader(log, run, 0, options=StreamOptions(order, granularity))
        late = open_reader(log, run, 1)
        await read_all(reader)
        assert await late.poll() == []
        await repository.delete(Owner("maya"), run)
        log.let_go(run)
        assert await reader.poll() is None
        assert await late.poll() is None


async def test_readers_of_one_run_each_have_their_own_place(log: SqlLog, repository: RunRepository) -> None:
    run, epoch = await write(log, repository, content(0, "a"))
    readers = [open_reader(log, run, 0) for _ in range(30)]
    early = await asyncio.gather(*map(read_all, readers[:15]))
    await log.append(run, epoch, number(content(0, "a"), content(0, "b"), complete())[1:])
    late = await asyncio.gather(*map(read_all, readers))
    for index, read in enumerate(late):
        whole = (early[index] if index < 15 else []) + read
        assert read_texts(whole) == {0: "ab"}
        assert whole[-1].type == "complete"


@pytest.mark.parametrize(("order", "granularity"), VIEWS)
async def test_reader_who_comes_before_a_resume_is_in_the_log_waits_for_it(
    log: SqlLog, repository: RunRepository, order: Order, granularity: Granularity
) -> None:
    run_log = number(*FAILED_ONCE)
    run_id, epoch = await write(log, repository, *FAILED_ONCE[:2])
    readers = [
        open_reader(log, run_id, cursor, superseded_error_seq=2, options=StreamOptions(order, granularity))
        for cursor in ((0, 2) if (order, granularity) == ("live", "token") else (0,))
    ]
    shown = [await read_all(reader) for reader in readers]
    assert [await reader.poll() for reader in readers] == [[]] * len(readers)
    await log.append(run_id, epoch, run_log[2:])
    shown = [early + await read_all(reader) for early, reader in zip(shown, readers, strict=True)]
    assert [await reader.poll() for reader in readers] == [None] * len(readers)
    assert merge_whole(shown[0]) == expect(run_log, order, granularity, 0)
    assert all(entry.type != "error" for entries in shown for entry in entries)


class WaitLog(MemoryLog):
    """Says how long its readers would wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[tuple[int, float]] = []

    async def wait(self, run_id: str, after: int, seconds: float) -> None:
        del run_id
        self.waits.append((after, round(seconds, 3)))


async def test_reader_of_a_run_that_is_written_elsewhere_looks_again_less_and_less_often() -> None:
    log = WaitLog()
    reader = open_reader(log, "run", 0)
    for _ in range(8):
        assert await reader.poll() == []
        await reader.wait()
    assert [seconds for _, seconds in log.waits] == [0.25, 0.375, 0.562, 0.844, 1.266, 1.898, 2.0, 2.0]
    epoch = await log.take_over("run")
    await log.append("run", epoch, number(content(0, "Once"), content(0, " more")))
    log.let_go("run")
    assert len(await reader.poll() or []) == 1
    await reader.wait()
    assert log.waits[-1] == (2, 0.25)


async def test_reader_of_a_run_that_is_written_here_waits_to_be_woken() -> None:
    log = WaitLog()
    await log.take_over("run")
    reader = open_reader(log, "run", 0)
    assert await reader.poll() == []
    await reader.wait()
    assert log.waits == [(0, 30.0)]


async def test_reader_with_an_unknown_cursor_is_told_so_field_by_field() -> None:
    with pytest.raises(InvalidInput) as refused:
        await open_reader(MemoryLog(), "run", 99).poll()
    [error] = refused.value.errors
    assert error.field == "last_event_id" and error.message.startswith("the run has no message 99 yet; send")


async def test_reader_of_the_log_itself_goes_by_its_numbers_also_where_some_are_left_out() -> None:
    log = MemoryLog()
    epoch = await log.take_over("run")
    first, second, third = number(content(0, "a"), content(1, "b"), content(0, "c"))
    await log.append("run", epoch, [first._replace(seq=3), second._replace(seq=7), third._replace(seq=8)])
    assert [entry.seq for entry in await read_all(open_reader(log, "run", 0))] == [3, 7, 8]
    assert [entry.seq for entry in await read_all(open_reader(log, "run", 3))] == [7, 8]


async def test_reader_whose_batch_ends_with_an_error_that_was_superseded_reads_on() -> None:
    log = MemoryLog()
    batch: list[Message] = [*(content(0, f"{n} ") for n in range(999)), error()]
    rest: list[Message] = [workflow("resumed", 2), content(0, "more.", ends=True), complete()]
    await log.append("run", await log.take_over("run"), number(*batch, *rest))
    read = await read_all(open_reader(log, "run", 0))
    assert [entry.type for entry in read] == ["content", "node_event", "content", "complete"]


@pytest.mark.parametrize(("order", "granularity"), VIEWS)
async def test_reader_says_from_where_its_view_counts(order: Order, granularity: Granularity) -> None:
    reader = open_reader(MemoryLog(), "run", 0, options=StreamOptions(order, granularity))
    assert reader.first_id == first_id(order, granularity)


@pytest.mark.parametrize(("order", "granularity"), VIEWS)
async def test_brief_complete_leaves_out_the_text_alone_and_changes_no_id(
    order: Order, granularity: Granularity
) -> None:
    log = MemoryLog()
    written = (workflow("started"), content(0, "Once."), content(0, "", ends=True), complete())
    await log.append("run", await log.take_over("run"), number(*written))
    full, brief = [
        await read_all(open_reader(log, "run", 0, options=StreamOptions(order, granularity, complete=told)))
        for told in ("full", "brief")
    ]
    assert full[:-1] == brief[:-1] and full[-1].seq == brief[-1].seq
    whole, short = (orjson.loads(entries[-1].data)["data"] for entries in (full, brief))
    assert whole["story_content"] == "Once." and "story_content" not in short
    assert short["sections"] == [{"index": 0, "title": "Dusk", "words": 1}]
    left_out = ("story_content", "sections")
    assert {key: value for key, value in whole.items() if key not in left_out} == {
        key: value for key, value in short.items() if key not in left_out
    }


async def test_reader_who_keeps_up_has_nothing_to_look_at_until_the_next_commit(
    log: SqlLog, repository: RunRepository
) -> None:
    messages = number(content(0, "Once"), content(0, " more.", ends=True), complete())
    run_id, epoch = await write(log, repository)
    reader = open_reader(log, run_id, 0)
    for count, expected in ((1, True), (2, True), (3, False)):
        await log.append(run_id, epoch, messages[count - 1 : count])
        assert await reader.poll() == messages[count - 1 : count]
        assert reader.keeps_up is expected  # after the end there is nothing to wait for
        if expected:
            waiting = asyncio.create_task(reader.wait())
            await asyncio.sleep(0)
            assert not waiting.done()
            waiting.cancel()
    assert await reader.poll() is None


async def test_reader_looks_again_where_nobody_wakes_it_or_there_may_be_more(
    log: SqlLog, repository: RunRepository
) -> None:
    run_id, _ = await write(log, repository, *(content(0, f"{index} ") for index in range(1001)))
    late = open_reader(log, run_id, 0)
    assert await late.poll()
    assert not late.keeps_up  # a thousand of them
    assert await late.poll()
    assert late.keeps_up
    log.let_go(run_id)
    assert not late.keeps_up
