"""Rows about a child, in all tables."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table

from backend.store.accounts.belongings import BelongingsRepository, owned_tables
from backend.store.accounts.tables import security_events
from backend.store.owner import Owner
from backend.store.schema.tables import runs
from backend.store.sql.json_sql import among
from backend.stories.store.tables import children


async def read_child(
    belongings: BelongingsRepository,
    owner: Owner,
    child_id: str,
    session_ids: Sequence[str],
    run_ids: Sequence[str],
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """(table, row) of the child, its stories and its texts, with the security events that are about them."""
    for table in (*owned_tables(), security_events):
        for condition in _of_child(table, child_id, session_ids, run_ids):
            for row in await belongings.rows(owner, table, condition):
                yield table.name, row


def _of_child(
    table: Table, child_id: str, session_ids: Sequence[str], run_ids: Sequence[str]
) -> Iterator[ColumnElement[bool]]:
    """Conditions that find the child's rows."""
    if table is children:
        yield table.c.id == child_id
    elif table is security_events:
        yield table.c.subject.in_(among([child_id, *session_ids, *run_ids]))
    elif "child_id" in table.c:
        yield table.c.child_id == child_id
    elif "session_id" in table.c:
        yield table.c.session_id.in_(among(session_ids))
    elif table is runs or "run_id" in table.c:
        column = table.c.id if table is runs else table.c.run_id
        yield column.in_(among(run_ids))
