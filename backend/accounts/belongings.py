"""Belongings of an account: export, change of owner, and deletion that really deletes."""

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import orjson
from pydantic import BaseModel

from backend.accounts.audit import Audit
from backend.runs.commands import RunCommands
from backend.runs.queries import RunQueries
from backend.store.accounts.accounts import AccountRepository
from backend.store.accounts.belongings import BelongingsRepository, exported_tables
from backend.store.accounts.events import CLI
from backend.store.owner import LOCAL, Owner
from backend.tasks import Background, logged
from workflows.errors import Conflict, NotFound


class Belongings:
    """Use cases of what an account has."""

    def __init__(
        self,
        accounts: AccountRepository,
        repository: BelongingsRepository,
        runs: RunCommands,
        audit: Audit,
        background: Background,
    ) -> None:
        self._accounts = accounts
        self._repository = repository
        self._runs = runs
        self._audit = audit
        self._background = background

    async def export(self, owner: Owner) -> AsyncIterator[bytes]:
        """Everything as lines of JSON: the account, then `lines_of` its rows, a few in memory at a time. Of credentials
        all but the secrets."""
        await self._audit.note("exported", owner)
        account = await self._accounts.find(owner)
        if account is not None:
            yield line_of({"account": asdict(replace(account, password_hash=None))})
        async for line in lines_of(self._rows(owner)):
            yield line

    async def _rows(self, owner: Owner) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        for table in exported_tables():
            async for page in self._repository.pages(owner, table):
                for row in page:
                    yield table.name, await with_text(self._runs.queries, owner, table.name, row)

    async def claim(self, owner: Owner) -> int:
        """Gives an account what a service without accounts has kept; returns how many rows that were.

        Raises NotFound for the account, Conflict while runs of it go on.
        """
        if await self._accounts.find(owner) is None:
            raise NotFound(f"There is no account {owner[:64]}.")
        if await self._repository.has_executing_runs(LOCAL):
            raise Conflict("Runs of the local owner go on; wait for them, or cancel them, and claim again.")
        count = await self._repository.give(LOCAL, owner)
        await self._audit.note("local_claimed", owner, by=CLI)
        return count

    async def ask_deletion(self, owner: Owner, by: str) -> None:
        """Ends everything that lets its owner in, at once, and begins to delete. It goes on after a crash. `by`: the
        account that asks, or what else does."""
        await self.lock_out(owner, by)
        self._background.do(lambda: self.delete(owner), name="account_deletion")

    async def lock_out(self, owner: Owner, by: str) -> None:
        """Ends everything that lets its owner in, for good: the first step of a deletion."""
        if await self._accounts.begin_deletion(owner, by):
            self._audit.log_event("account_deletion_asked", owner, by=by)

    async def resume_deletions(self) -> None:
        """Goes on with deletions that a stop interrupted."""
        for account in await self._accounts.of_status("deleting"):
            await logged(partial(self.delete, account.id), "account_deletion")

    async def delete(self, owner: Owner) -> None:
        """Stops and deletes the account's runs with their logs, checkpoints and recordings, then all its rows. Several
        may do so at once: one of them says that it is deleted."""
        while run_ids := await self._repository.run_ids(owner):
            for run_id in run_ids:
                try:
                    await self._runs.delete(owner, run_id)
                except NotFound:  # somebody else deletes the same
                    continue
        if (actor := await self._repository.erase(owner)) is not None:
            self._audit.log_event("account_deleted", None, owner, by=actor)


async def with_text(queries: RunQueries, owner: Owner, table: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row of an export. That of a run without a result has the plan and the text so far, which only the log has."""
    if table != "runs" or row.get("result") is not None:
        return row
    try:
        transcript = await queries.transcript(await queries.find(owner, row["id"]))
    except NotFound:  # deleted meanwhile
        return row
    return {**row, "outline": transcript.outline, "text": transcript.text}


async def lines_of(rows: AsyncIterator[tuple[str, dict[str, Any]]]) -> AsyncIterator[bytes]:
    """An export's lines of JSON: `{"table", "row"}` of each (table, row), then `{"end": {"rows": …}}`, which only what
    is whole ends with."""
    count = 0
    async for table, row in rows:
        count += 1
        yield line_of({"table": table, "row": row})
    yield line_of({"end": {"rows": count}})


def line_of(value: Any) -> bytes:
    """A line of JSON of an export."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
