"""The writer of a run's log: numbers, merging, order, and what it says when the log can't be written."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import pytest
from structlog.testing import capture_logs

from backend.log.entry import Entry, LogUnavailable, StaleWriter
from backend.log.memory import MemoryLog
from backend.runs.attempt import log_writer
from backend.runs.attempt.log_writer import LogWriter
from backend.store.runs.owned_runs import Lease
from backend.telemetry.metrics import AttemptMetrics
from tests.unit.messages import OUTLINE, complete, content, progress, workflow
from tests.unit.run_messages import read_messages
from workflows.messages.messages import Message, TextRetracted
from workflows.messages.transcript import Transcript

LONG = 60.0
"""Seconds of merging that no test waits out."""


class Counted(AttemptMetrics):
    def __init__(self) -> None:
        self.messages: list[str] = []
        self.failures = 0

    def on_messages(self, messages: Sequence[Message]) -> None:
        self.messages += [message.type for message in messages]

    def on_log_failure(self) -> None:
        self.failures += 1


class FaultyLog(MemoryLog):
    """A log whose next appends fail, or wait until they may begin."""

    def __init__(self, failures: int = 0, gate: asyncio.Event | None = None) -> None:
        super().__init__()
        self.failures, self.gate, self.appends = failures, gate, 0

    async def append(self, run_id: str, epoch: int, entries: Sequence[Entry]) -> None:
        self.appends += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.appends <= self.failures:
            raise OSError("disk full")
        await super().append(run_id, epoch, entries)


async def writing(
    log: MemoryLog, metrics: AttemptMetrics | None = None, *, last_seq: int = 0, merge_seconds: float = LONG
) -> LogWriter:
    return LogWriter(
        log,
        Lease("run", "P1", await log.take_over("run")),
        last_seq=last_seq,
        transcript=Transcript(),
        merge_seconds=merge_seconds,
        metrics=metrics or AttemptMetrics(),
    )


async def entries(log: MemoryLog) -> list[tuple[int, str]]:
    return [(entry.seq, entry.type) for entry in await log.read("run")]


async def test_writer_numbers_messages_after_the_last_one_and_keeps_their_transcript() -> None:
    log, metrics = MemoryLog(), Counted()
    async with await writing(log, metrics, last_seq=7) as writer:
        for message in (workflow("started"), OUTLINE, content(0, "A lamp.")):
            writer.put(message)
        assert writer.transcript.text == "A lamp." and writer.transcript.outline == OUTLINE
    assert await entries(log) == [(8, "node_event"), (9, "outline"), (10, "content")]
    assert metrics.messages == ["node_event", "outline", "content"] and metrics.failures == 0


async def test_writer_merges_text_that_comes_fast_after_the_first_words_of_each_section() -> None:
    log = MemoryLog()
    async with await writing(log) as writer:
        writer.put(content(0, "A "))
        await log.wait("run", 0, 20)
        assert await entries(log) == [(1, "content")]  # at once
        for chunk in ("lamp ", "went ", "out."):
            writer.put(content(0, chunk))
        writer.put(content(1, "Dawn"))  # the first words of another one take along what waits
        await log.wait("run", 1, 20)
        assert [each.seq for each in await log.read("run")] == [1, 2, 3]
        writer.put(content(1, " came."))
        writer.put(complete())  # so does the end
        await log.wait("run", 3, 20)
        assert (await entries(log))[-1] == (5, "complete")
    chunks = [getattr(each, "chunk", None) for each in await read_messages(log, "run")]
    assert chunks == ["A ", "lamp went out.", "Dawn", " came.", None]


async def test_writer_sends_the_first_words_of_a_retracted_text_at_once() -> None:
    log = MemoryLog()
    async with await writing(log) as writer:
        writer.put(content(0, "A "))
        await log.wait("run", 0, 20)
        writer.put(TextRetracted(section=0, reason="restart"))
        writer.put(content(0, "The "))
        await log.wait("run", 1, 20)
        assert [kind for _, kind in await entries(log)] == ["content", "retract", "content"]


async def test_writer_holds_back_what_is_no_text_until_it_is_flushed_or_closed() -> None:
    log = MemoryLog()
    async with await writing(log) as writer:
        writer.put(progress(1))
        await asyncio.sleep(0)
        assert await entries(log) == []
        await writer.flush()
        assert await entries(log) == [(1, "progress")]
        writer.put(progress(2))
    assert await entries(log) == [(1, "progress"), (2, "progress")]


async def test_writer_holds_what_is_no_text_no_longer_than_the_text_that_comes_after_it() -> None:
    log = MemoryLog()
    async with await writing(log, merge_seconds=0.5) as writer:
        writer.put(content(0, "A "))
        await log.wait("run", 0, 20)
        writer.put(progress(1))  # alone it would wait four times as long
        began = asyncio.get_running_loop().time()
        writer.put(content(0, "lamp."))
        await log.wait("run", 1, 20)
        waited = asyncio.get_running_loop().time() - began
        assert await entries(log) == [(1, "content"), (2, "progress"), (3, "content")]
    assert waited < 1.9


async def test_writer_lets_a_retraction_wait_no_longer_than_text() -> None:
    log = MemoryLog()
    async with await writing(log, merge_seconds=0.0) as writer:
        writer.put(TextRetracted(section=0, reason="safety"))
        await log.wait("run", 0, 20)
        assert await entries(log) == [(1, "retract")]


async def test_writer_that_has_waited_long_enough_writes_by_itself() -> None:
    log = MemoryLog()
    async with await writing(log, merge_seconds=0.01) as writer:
        writer.put(content(0, "A "))
        writer.put(progress(1))
        await log.wait("run", 0, 20)
        writer.put(content(0, "lamp."))
        await log.wait("run", 2, 20)
        assert await entries(log) == [(1, "content"), (2, "progress"), (3, "content")]


async def test_writer_of_a_section_that_an_earlier_attempt_began_merges_its_first_words() -> None:
    log = MemoryLog()
    writer = await writing(log)
    writer.transcript.apply(content(0, "A "))
    writer.transcript.apply(content(0, "In ", piece="M1"))
    again = LogWriter(
        log,
        Lease("run", "P1", await log.take_over("run")),
        last_seq=0,
        transcript=writer.transcript,
        merge_seconds=LONG,
        metrics=AttemptMetrics(),
    )
    async with again:
        again.put(progress(1))
        await again.flush()  # who hasn't written for long writes at once
        again.put(content(0, "lamp", ends=False))
        again.put(content(0, " burns.", ends=True))
        again.put(content(0, "sho", piece="M1"))
        again.put(content(0, "rt.", piece="M1"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert await entries(log) == [(1, "progress")]
    chunks = [getattr(each, "chunk", None) for each in await read_messages(log, "run")]
    assert chunks == [None, "lamp burns.", "short."]


async def test_writer_whose_log_fails_now_and_then_tries_again_with_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_writer, "_RETRY_SECONDS", (0.0, 0.0))
    log, metrics = FaultyLog(failures=2), Counted()
    with capture_logs() as logged:
        async with await writing(log, metrics) as writer:
            writer.put(OUTLINE)
    assert await entries(log) == [(1, "outline")] and metrics.failures == 2 and log.appends == 3
    assert [line["error"] for line in logged] == ["OSError"] * 2


async def test_writer_whose_log_stays_away_says_so_to_whoever_flushes_puts_or_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_writer, "_RETRY_SECONDS", (0.0,))
    with capture_logs():
        log = FaultyLog(failures=99)
        with pytest.raises(LogUnavailable, match="can't be written"):
            async with await writing(log) as writer:
                writer.put(OUTLINE)
                with pytest.raises(LogUnavailable):
                    await writer.flush()
                with pytest.raises(LogUnavailable):
                    writer.put(OUTLINE)
    assert log.appends == 2 and await entries(log) == []


async def test_writer_that_was_taken_over_is_refused_without_a_second_try() -> None:
    log = FaultyLog()
    with pytest.raises(StaleWriter):
        async with await writing(log) as writer:
            await log.take_over("run")
            writer.put(OUTLINE)
    assert log.appends == 1


async def test_writer_that_is_left_by_an_error_writes_what_it_has_and_keeps_that_error() -> None:
    log: MemoryLog = FaultyLog()
    with pytest.raises(KeyError):
        async with await writing(log) as writer:
            writer.put(OUTLINE)
            raise KeyError
    assert await entries(log) == [(1, "outline")]
    block: AbstractAsyncContextManager[LogWriter] = await writing(log)
    with pytest.raises(KeyError):
        async with block as writer:
            await log.take_over("run")
            writer.put(OUTLINE)
            raise KeyError  # not StaleWriter, which is of less use


async def test_writer_whose_log_hangs_keeps_no_more_than_minutes_of_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_writer, "_MAX_PENDING", 3)
    gate = asyncio.Event()
    log = FaultyLog(gate=gate)
    async with await writing(log) as writer:
        for percent in range(3):
            writer.put(progress(percent))
        with pytest.raises(LogUnavailable, match="not kept up"):
            writer.put(progress(3))
        gate.set()
    assert len(await entries(log)) == 3


async def test_writer_cleans_what_is_no_text_of_what_no_encoding_has() -> None:
    log = MemoryLog()
    async with await writing(log) as writer:
        writer.put(OUTLINE.model_copy(update={"title": "Half \ud83d"}))
    [message] = await read_messages(log, "run")
    assert getattr(message, "title", None) == "Half \ufffd"
