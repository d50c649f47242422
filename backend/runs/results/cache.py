"""Whole results that answer the same request again, and one generation for requests that come at once.

A hit is a run of its own, with a log of its own. Requests that come while the first of them is being written
wait for it; if it fails or is cancelled, one of them writes in its place.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog

from backend.log.base import RunLog
from backend.runs.readers.replay import read_messages
from backend.store.cache import CacheRepository
from backend.store.runs import Run, RunRepository
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import cache_key_of
from workflows.messages.messages import (
    FactsGathered,
    Message,
    MetricsCalculated,
    OutlinePlanned,
    RunCompleted,
    SafetyChecked,
    TextAppended,
    TextRetracted,
    UsageUpdated,
)
from workflows.models.spec import ModelSpec
from workflows.safety.policy import Policy

log = structlog.get_logger()


class _Flight:
    """A result that is being written, and how far it is."""

    def __init__(self) -> None:
        self.percent = 0
        self.landed = False
        self._news = asyncio.Event()

    def tell(self, percent: int, *, landed: bool = False) -> None:
        """It got on; who waits hears of it."""
        if percent > self.percent or landed:
            self.percent, self.landed = max(self.percent, percent), landed
            news, self._news = self._news, asyncio.Event()
            news.set()

    async def news(self) -> None:
        """Returns when it has got on since."""
        await self._news.wait()


class ResultCache:
    """The kept results, and who is writing one right now in this process."""

    def __init__(
        self,
        repository: CacheRepository,
        runs: RunRepository,
        log: RunLog,
        key_of: Callable[[Run], str | None],
        ttl: float,
    ) -> None:
        """`key_of` is the same for runs that ask for the same, None for one that can't be answered by another's
        result; `ttl` is in seconds."""
        self._repository = repository
        self._runs = runs
        self._log = log
        self._key_of = key_of
        self._ttl = timedelta(seconds=ttl)
        self._flights: dict[tuple[str, str], _Flight] = {}
        self._leads: dict[str, tuple[str, str]] = {}

    async def obtain(self, run: Run, waiting: Callable[[int], None]) -> list[Message] | None:
        """The messages of a kept result, as the run's own; None when the run is to be written.

        `waiting` is called when it takes until another run is written, and again with each percent that the other
        gets on. Call `tell` when the run gets on itself, and `land` when it is over.
        """
        key = self._asked(run)
        if key is None:
            return None
        place = (run.owner, key)
        while (other := self._flights.get(place)) is not None:
            while not other.landed:
                waiting(other.percent)
                await other.news()
        self._flights[place] = _Flight()
        self._leads[run.id] = place
        found = await self._take(run, key)
        if found is not None:
            self.land(run)
        return found

    async def is_likely(self, run: Run) -> bool:
        """Whether `obtain` would find something now: a kept result, or somebody who is writing one."""
        key = self._asked(run)
        if key is None:
            return False
        return (run.owner, key) in self._flights or await self._find(run, key) is not None

    def tell(self, run: Run, percent: int) -> None:
        """How far the run is, for those who wait for it."""
        if (place := self._leads.get(run.id)) is not None:
            self._flights[place].tell(percent)

    def land(self, run: Run) -> None:
        """The run is over, however: those who waited for it look again."""
        if (place := self._leads.pop(run.id, None)) is not None:
            self._flights.pop(place).tell(0, landed=True)

    async def keep(self, run: Run) -> None:
        """The run is complete: from now on it answers the same request."""
        key = self._key_of(run) if run.options.get("cache") in ("use", "refresh") else None
        if key is not None:
            await self._repository.put(run.owner, key, run.id)

    async def drop_expired(self) -> None:
        """Forgets which runs answered a request when they are too old to."""
        await self._repository.drop(older_than=datetime.now(UTC) - self._ttl)

    def _asked(self, run: Run) -> str | None:
        return self._key_of(run) if run.options.get("cache") == "use" else None

    async def _find(self, run: Run, key: str) -> Run | None:
        """The run whose result is kept. None too if there is no way to know: what can't be found is written."""
        try:
            run_id = await self._repository.find(run.owner, key, newer_than=datetime.now(UTC) - self._ttl)
            kept = run_id and await self._runs.find(run.owner, run_id)
        except Exception as error:
            log.warning("kept_result_not_found", error=type(error).__name__)
            return None
        return kept if kept and kept.result is not None else None

    async def _take(self, run: Run, key: str) -> list[Message] | None:
        """The kept result's messages. One that can't be read is none: the run is written, and kept in its place."""
        if (kept := await self._find(run, key)) is None or kept.result is None:
            return None
        try:
            told = retell(await read_messages(self._log, kept.id), kept.result, run.id)
            if told is not None:
                await self._runs.update(run.id, plan=kept.plan)
        except Exception as error:
            log.warning("kept_result_not_read", kept_run_id=kept.id, error=type(error).__name__)
            return None
        return told


def cache_key(format: AnyFormat, run: Run, models: list[ModelSpec], policy: Policy) -> str | None:
    """What a result depends on, in short: the input, the format with its prompts, the models, the policy."""
    given = cache_key_of(format, format.parse(run.input))
    if given is None or run.origin is not None:  # a version is made of another run's text
        return None
    how = run.options.get("keep_length", True)
    whole = [format.name, format.fingerprint(), given, how, [str(model) for model in models]]
    rules = hashlib.sha256(policy.model_dump_json().encode()).hexdigest()
    return hashlib.sha256(orjson.dumps([*whole, rules])).hexdigest()


def retell(messages: list[Message], result: dict[str, Any], run_id: str) -> list[Message] | None:
    """The end of a run's log as the whole log of another run: each thing once, each text whole. Pure.

    None when the log doesn't have the result's text.
    """
    texts: dict[tuple[str, int], str] = {}
    newest: dict[str, Message] = {}
    verdicts: list[Message] = []
    for message in messages:
        match message:
            case TextAppended() as data:
                place = (data.piece or "", data.section)
                texts[place] = texts.get(place, "") + data.chunk
            case TextRetracted() as data:
                texts.pop((data.piece or "", data.section), None)
            case SafetyChecked() as data if data.approved:
                verdicts.append(message)
            case OutlinePlanned() | FactsGathered() | MetricsCalculated():
                newest[message.type] = message
            case _:
                pass
    ending = _ending(result, run_id)
    told = [text for (piece, _), text in sorted(texts.items()) if not piece]
    if "\n\n".join(told) != ending.story_content:
        return None
    contents: list[Message] = [
        TextAppended(section=section, chunk=text, is_complete=True, piece=piece or None)
        for (piece, section), text in sorted(texts.items())
    ]
    before = [newest[name] for name in ("outline", "facts") if name in newest]
    after = [newest[name] for name in ("metadata",) if name in newest]
    return [*before, *contents, *verdicts, *after, ending.usage, ending]


def _ending(result: dict[str, Any], run_id: str) -> RunCompleted:
    usage = UsageUpdated(model=result["usage"]["model"], input_tokens=0, output_tokens=0, cost_usd=0.0)
    return RunCompleted.model_validate({**result, "run_id": run_id, "cached": True, "usage": usage})
