"""Plays one answer to the client: in time, held where it is to be held, broken where it is to break."""

import asyncio
from time import time
from typing import Any

import orjson

from tests.fakes.answer import Answer
from tests.fakes.dialect import Dialect
from tests.fakes.gemini import describe_fault as describe_gemini_fault
from tests.fakes.line import Line
from tests.fakes.matching import Cue
from tests.fakes.openai_errors import describe_fault as describe_openai_fault
from tests.fakes.recording import Call, Journal
from tests.fakes.script import Fault

# The kinds that strike the connection; the others have shaped the answer already.
_STRIKES = {"status", "bad_key", "hang", "drop", "close", "bad_json"}
DEFAULT_BURST = 8


class Gates:
    """The replies that are being held, each until it is released."""

    def __init__(self) -> None:
        self._held: dict[int, asyncio.Event] = {}

    async def hold(self, call: Call) -> None:
        """Wait until the call is released."""
        event = self._held.setdefault(call.id, asyncio.Event())
        try:
            await event.wait()
        finally:
            self._held.pop(call.id, None)

    def release(self, call_id: int | None) -> int:
        """Let this call go on, or all that are held now; says how many."""
        ids = list(self._held) if call_id is None else [call_id] if call_id in self._held else []
        for held in ids:
            self._held[held].set()
        return len(ids)


def describe_fault(call: Call, fault: Fault) -> tuple[int, dict[str, Any]]:
    """Status and body of a `status` or `bad_key` fault, in the words of the call's API."""
    return describe_gemini_fault(fault) if call.api == "gemini" else describe_openai_fault(fault)


def respond_error(line: Line, call: Call, fault: Fault) -> None:
    """The whole error response of a `status` or `bad_key` fault."""
    call.status, body = describe_fault(call, fault)
    wait = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    line.respond(call.status, body, wait)


class Player:
    """One reply on its way."""

    def __init__(self, line: Line, journal: Journal, gates: Gates, call: Call, cue: Cue) -> None:
        self._line = line
        self._journal = journal
        self._gates = gates
        self._call = call
        self._reply = cue.reply
        self._fault = cue.fault if cue.fault and cue.fault.kind in _STRIKES else None

    async def play(self, answer: Answer, dialect: Dialect) -> None:
        """The reply from its first byte to its last, or to its fault."""
        if self._fault and self._fault.after is None and self._fault.kind != "bad_json":
            await self._strike_before_reply(self._fault)
        elif self._call.stream:
            await self._stream(answer, dialect)
        else:
            await self._answer_whole(answer, dialect)

    async def _strike_before_reply(self, fault: Fault) -> None:
        if fault.kind in {"status", "bad_key"}:
            respond_error(self._line, self._call, fault)
            self._finish()
        else:
            await self._break(fault)

    async def _break(self, fault: Fault) -> None:
        if fault.kind == "drop":
            self._line.reset()
        elif fault.kind == "close":
            self._line.close()
        else:
            await asyncio.Event().wait()  # until the client leaves and this task is cancelled

    # Streams.

    async def _stream(self, answer: Answer, dialect: Dialect) -> None:
        self._line.begin("text/event-stream; charset=utf-8")
        await self._line.send(dialect.open())
        await self._delay()
        for position, fault in self._list_stops():
            await self._send_tokens(dialect, min(position, len(answer.tokens)), answer.chunk)
            if fault is None:
                await self._hold()
            elif await self._strike_stream(fault, dialect):
                return
        await self._send_tokens(dialect, len(answer.tokens), answer.chunk)
        await self._line.send(dialect.close(len(answer.tokens)))
        self._line.end()
        self._finish()

    def _list_stops(self) -> list[tuple[int, Fault | None]]:
        """Token counts at which the stream stops, in order: for a hold (None) or for the fault."""
        hold = self._reply.hold_after
        stops: list[tuple[int, Fault | None]] = [] if hold is None else [(hold, None)]
        if self._fault:
            stops.append((self._fault.after or 0, self._fault))
        return sorted(stops, key=lambda stop: stop[0])

    async def _strike_stream(self, fault: Fault, dialect: Dialect) -> bool:
        """True where nothing follows."""
        if fault.kind == "bad_json":
            await self._line.send(dialect.garble())
            return False
        if fault.kind in {"status", "bad_key"}:
            status, body = describe_fault(self._call, fault)
            await self._line.send(dialect.fail(status, body["error"]["message"], fault.code))
            self._line.end()
            self._finish()
        else:
            await self._break(fault)
        return True

    async def _send_tokens(self, dialect: Dialect, until: int, size: int) -> None:
        call = self._call
        pace, burst = self._reply.pace or 0.0, self._reply.burst or DEFAULT_BURST
        loop = asyncio.get_running_loop()
        began, first = loop.time(), call.tokens_sent
        while call.tokens_sent < until:
            # A paced stream that is late sends at once all that is due, as a provider's buffers do.
            share = size * burst
            if pace:
                await asyncio.sleep(max(0.0, began + (call.tokens_sent - first) / pace - loop.time()))
                late = int((loop.time() - began) * pace) + first - call.tokens_sent
                share = size * max(1, late // size)
            upto = min(until, call.tokens_sent + share)
            await self._send_chunks(dialect, upto, size)
            if not pace:
                await asyncio.sleep(0)

    async def _send_chunks(self, dialect: Dialect, upto: int, size: int) -> None:
        call = self._call
        frames = []
        for start in range(call.tokens_sent, upto, size):
            end = min(start + size, upto)
            frames.append(dialect.say("".join(call.tokens[start:end]), end))
        if call.first_token_at is None:
            call.first_token_at = time()
        call.tokens_sent = upto
        await self._line.send(b"".join(frames))

    # Replies in one piece.

    async def _answer_whole(self, answer: Answer, dialect: Dialect) -> None:
        await self._delay()
        if self._reply.pace:
            await asyncio.sleep(len(answer.tokens) / self._reply.pace)
        if self._reply.hold_after is not None:
            await self._hold()
        await self._respond(orjson.dumps(dialect.whole()))

    async def play_body(self, body: dict[str, Any]) -> None:
        """A reply without tokens."""
        if self._fault and self._fault.after is None and self._fault.kind != "bad_json":
            await self._strike_before_reply(self._fault)
            return
        await self._delay()
        if self._reply.hold_after is not None:
            await self._hold()
        await self._respond(orjson.dumps(body))

    async def _respond(self, body: bytes) -> None:
        if self._fault is None:
            self._call.tokens_sent = len(self._call.tokens)
            self._call.first_token_at = time()
            self._line.respond(200, body)
            self._finish()
        else:
            await self._strike_whole(self._fault, body)

    async def _strike_whole(self, fault: Fault, body: bytes) -> None:
        if fault.kind == "bad_json":
            self._line.respond(200, body[: len(body) // 2])
            self._finish()
        elif fault.kind in {"status", "bad_key"}:
            await self._strike_before_reply(fault)
        else:
            self._line.respond_partly(body)
            await self._break(fault)

    async def _delay(self) -> None:
        if self._reply.first_token_delay:
            await asyncio.sleep(self._reply.first_token_delay)

    async def _hold(self) -> None:
        self._call.held = True
        self._journal.announce()
        try:
            await self._gates.hold(self._call)
        finally:
            self._call.held = False
            self._journal.announce()

    def _finish(self) -> None:
        self._call.finished = True
        self._call.finished_at = time()
        self._journal.announce()
