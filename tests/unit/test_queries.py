"""Queries of runs: whose they are, when their rows are settled, and how long a reader waits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from backend.log.memory import MemoryLog
from backend.runs.attempt.handle import RunHandle
from backend.runs.engine.local_runs import LocalRuns
from backend.runs.queries import RunQueries
from backend.runs.readers.audience import Audience
from backend.store.owner import Owner
from backend.store.runs.runs import Run, RunRepository
from backend.streaming.options import StreamOptions
from tests.unit.messages import OUTLINE, complete, content, error, number, workflow
from tests.unit.stored_runs import add_run, change_run, finish_run
from workflows.errors import InvalidInput, NotFound
from workflows.messages.messages import InputRequested, Message

OWNER = Owner("maya")
ASKED = InputRequested(kind="outline", payload=OUTLINE)


@dataclass
class Desk:
    """Queries on a real table and a log in memory, and what other processes do while they are made."""

    repository: RunRepository
    log: MemoryLog = field(default_factory=MemoryLog)
    local_runs: LocalRuns = field(default_factory=LocalRuns)
    settled: list[str | None] = field(default_factory=list)
    meanwhile: dict[int, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    """What happens before a row is read for the so manyth time, from 1."""

    def __post_init__(self) -> None:
        self.audience = Audience(self.repository, grace=60)
        self.queries = RunQueries(self.repository, self.log, self._settle, self.audience, lambda _: None)

    async def _settle(self, run_id: str | None) -> None:
        self.settled.append(run_id)
        if (event := self.meanwhile.pop(len(self.settled), None)) is not None:
            await event()
        await self.local_runs.settle(run_id)

    async def tell(self, run: Run, *messages: Message) -> None:
        """The log of the run, as another process writes it."""
        entries = await self.log.read(run.id)
        epoch = await self.log.take_over(run.id)
        self.log.let_go(run.id)
        numbered = [entry._replace(seq=entry.seq + len(entries)) for entry in number(*messages)]
        await self.log.append(run.id, epoch, numbered)


@pytest.fixture
def desk(repository: RunRepository) -> Desk:
    return Desk(repository)


@pytest.fixture
async def run(repository: RunRepository) -> Run:
    return await add_run(repository, process="P1", model="openai:gpt-4o")


async def test_find_gives_a_run_to_its_owner_alone(desk: Desk, run: Run) -> None:
    assert await desk.queries.find(OWNER, run.id) == run
    for owner, run_id in ((Owner("noa"), run.id), (OWNER, "01J00000000000000000000000")):
        with pytest.raises(NotFound, match="no run 01"):
            await desk.queries.find(owner, run_id)
    with pytest.raises(NotFound) as refused:
        await desk.queries.find(OWNER, Owner("x") * 5000)
    assert len(refused.value.message) < 100


async def test_every_query_of_rows_waits_until_the_rows_that_it_reads_are_settled(
    desk: Desk, run: Run
) -> None:
    queries = desk.queries
    await queries.find(OWNER, run.id)
    await queries.page(OWNER, limit=1)
    await queries.parts(OWNER, ["S"])
    await queries.part_summaries(OWNER, ["S"])
    await queries.versions(OWNER, run.id)
    assert desk.settled == [run.id, None, None, None, run.id]


async def test_find_returns_the_row_of_a_run_that_is_being_stored_when_it_is(desk: Desk, run: Run) -> None:
    stored, handle = asyncio.Event(), RunHandle()

    async def store() -> None:
        await stored.wait()
        await finish_run(desk.repository, run, "failed", error=error())
        handle.stored.set()

    handle.settling = True
    task: asyncio.Task[None] = asyncio.create_task(store())
    desk.local_runs.add(run.id, task, handle)
    looking = asyncio.gather(desk.queries.find(OWNER, run.id), desk.queries.page(OWNER, limit=1))
    stored.set()
    found, [listed] = await looking
    assert found.status == listed.status == "failed"


async def test_page_lists_the_owners_runs_newest_first_by_status_and_format(desk: Desk) -> None:
    runs = [await add_run(desk.repository) for _ in range(3)]
    song = await add_run(desk.repository, format="song")
    await add_run(desk.repository, owner="noa")
    await finish_run(desk.repository, runs[0], "failed")

    async def listed(**wanted: object) -> list[str]:
        page = await desk.queries.page(OWNER, **{"limit": 9, **wanted})  # type: ignore[arg-type]
        return [each.id for each in page]

    newest_first = [song.id, *(run.id for run in reversed(runs))]
    assert await listed() == newest_first and await listed(limit=2) == newest_first[:2]
    assert await listed(before=newest_first[1]) == newest_first[2:]
    assert await listed(status="failed") == [runs[0].id] and await listed(format="song") == [song.id]


async def test_parts_are_those_of_the_owners_series_by_part(desk: Desk) -> None:
    second = await add_run(desk.repository, series="S", part=2)
    first = await add_run(desk.repository, series="S", part=1)
    other = await add_run(desk.repository, series="T", part=1)
    await add_run(desk.repository, series="U", part=1)
    await add_run(desk.repository, owner="noa", series="S", part=1)
    for query in (desk.queries.parts, desk.queries.part_summaries):
        found = await query(OWNER, ["S", "T"])
        assert [each.id for each in found] == [first.id, other.id, second.id]


async def test_versions_are_the_same_whichever_of_them_is_asked_for(desk: Desk, run: Run) -> None:
    second = await add_run(desk.repository, root_run_id=run.id, parent_run_id=run.id)
    third = await add_run(desk.repository, root_run_id=run.id, parent_run_id=second.id)
    await add_run(desk.repository)
    for each in (run, second, third):
        found = await desk.queries.versions(OWNER, each.id)
        assert [version.id for version in found] == [run.id, second.id, third.id]
    with pytest.raises(NotFound):
        await desk.queries.versions(Owner("noa"), run.id)


async def test_transcript_is_what_a_reader_has_so_far(desk: Desk, run: Run) -> None:
    await desk.tell(run, workflow("started"), OUTLINE, content(0, "A lamp."))
    transcript = await desk.queries.transcript(run)
    assert (transcript.text, transcript.outline, transcript.attempts) == ("A lamp.", OUTLINE, 1)


async def test_reader_begins_after_its_cursor_in_the_view_that_it_is_of(desk: Desk, run: Run) -> None:
    told: list[Message] = [
        workflow("started"),
        OUTLINE,
        content(1, "Dawn. "),
        content(0, "Dusk. Night.", ends=True),
    ]
    await desk.tell(run, *told, content(1, "", ends=True), complete())
    plain = desk.queries.reader(run, 2)
    assert [entry.type for entry in await plain.poll() or []] == ["content", "content", "content", "complete"]
    assert await plain.poll() is None

    reading = desk.queries.reader(run, 0, StreamOptions("reading", "section"))
    entries = [entry for entry in await reading.poll() or [] if entry.type == "content"]
    assert reading.first_id > 0 and b"Dusk. Night." in entries[0].data
    with pytest.raises(InvalidInput, match="no message 99"):
        await desk.queries.reader(run, 99).poll()


async def test_reader_of_a_run_that_was_resumed_does_not_end_with_its_older_error(
    desk: Desk, run: Run
) -> None:
    await desk.tell(run, workflow("started"), error())
    assert await desk.queries.reader(run, 2).poll() is None
    resumed = await change_run(desk.repository, run, superseded_error_seq=2)
    assert await desk.queries.reader(resumed, 2).poll() == []


async def test_follow_gives_what_comes_until_the_last_message_and_counts_as_reading(
    desk: Desk, run: Run
) -> None:
    await desk.tell(run, workflow("started"))
    types, readers = [], []
    telling: set[asyncio.Task[None]] = set()
    async for batch in desk.queries.follow(run, desk.queries.reader(run, 0)):
        types.append([entry.type for entry in batch])
        readers.append(desk.queries.readers)
        if not telling:
            telling.add(asyncio.create_task(desk.tell(run, content(0, "A lamp."), complete())))
    assert types == [["node_event"], ["content", "complete"]]
    assert readers == [1, 1] and desk.queries.readers == 0


async def test_wait_for_a_run_that_has_ended_reads_no_log(desk: Desk, run: Run) -> None:
    ended = await finish_run(desk.repository, run, "completed", result=complete())
    assert await desk.queries.wait(OWNER, ended) == ended and await desk.log.read(run.id) == []


async def test_wait_returns_a_run_that_asks_a_person_when_its_row_says_so(desk: Desk, run: Run) -> None:
    await desk.tell(run, workflow("started"), OUTLINE, ASKED)

    async def store() -> None:
        await change_run(desk.repository, run, status="waiting", process=None)
        await desk.tell(run)  # wakes nobody: another process writes it

    desk.meanwhile[2] = store
    async with asyncio.timeout(20):
        found = await desk.queries.wait(OWNER, run)
    assert found.status == "waiting" and desk.queries.readers == 0


async def test_wait_does_not_take_a_waiting_row_for_a_question_that_its_log_does_not_have(
    desk: Desk, run: Run
) -> None:
    before = await change_run(desk.repository, run, status="waiting")
    await desk.tell(run, workflow("started"), OUTLINE)
    waiting = asyncio.create_task(desk.queries.wait(OWNER, before))
    async with asyncio.timeout(20):
        while desk.queries.readers == 0:  # noqa: ASYNC110 — a number rings no bell
            await asyncio.sleep(0)
    await asyncio.wait([waiting], timeout=0.1)
    assert not waiting.done() and desk.queries.readers == 1
    await finish_run(desk.repository, run, "completed", result=complete())
    await desk.tell(run, complete())
    async with asyncio.timeout(20):
        assert (await waiting).status == "completed"


async def test_wait_looks_until_the_process_that_wrote_the_last_message_has_stored_it(
    desk: Desk, run: Run
) -> None:
    await desk.tell(run, workflow("started"), content(0, "Once.", ends=True), complete())

    async def store() -> None:
        await finish_run(desk.repository, run, "completed", result=complete())

    desk.meanwhile[3] = store
    async with asyncio.timeout(20):
        found = await desk.queries.wait(OWNER, run)
    assert found.status == "completed" and desk.settled == [run.id] * 3


async def test_wait_returns_a_row_that_nobody_stores_after_a_while(
    desk: Desk, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.runs.queries._ROW_PATIENCE_SECONDS", 0.1)
    await desk.tell(run, complete())
    async with asyncio.timeout(20):
        found = await desk.queries.wait(OWNER, run)
    assert found.status == "running" and len(desk.settled) > 1
