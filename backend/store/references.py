"""References of a new row to others of the same owner, asked for once more in the transaction that stores it.

What a request refers to is looked up before it is stored, and may be deleted meanwhile. Under the owner's lock, which
the deletions take too, one of them comes first: what is stored is found by the deletion, or is refused.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, FromClause, select

from backend.store.owner import Owner
from backend.store.schema.tables import runs
from backend.store.sql.json_sql import among
from workflows.errors import NotFound

Rows = FromClause
"""A table with the columns `owner` and `id`."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A row that another one refers to: its table, its id, and what it is called."""

    table: Rows
    id: str
    kind: str


def run_reference(run_id: str) -> Reference:
    """The reference to a run."""
    return Reference(runs, run_id, "run")


def check_references(connection: Connection, owner: Owner, references: Iterable[Reference]) -> None:
    """Raises NotFound for a row that isn't there any more. Part of a transaction that holds the owner's lock."""
    by_table: dict[FromClause, list[Reference]] = defaultdict(list)
    for each in references:
        by_table[each.table].append(each)
    for table, wanted in by_table.items():
        ids = among({each.id for each in wanted})
        there = set(connection.scalars(select(table.c.id).where(table.c.owner == owner, table.c.id.in_(ids))))
        for each in wanted:
            if each.id not in there:
                raise NotFound(f"There is no {each.kind.replace('_', ' ')} {each.id[:64]}.")


def checking(
    owner: Owner, references: Iterable[Reference], also: Callable[[Connection], None] | None
) -> Callable[[Connection], None]:
    """`check_references`, and then what is to be done `also`, as a part of a transaction."""

    def work(connection: Connection) -> None:
        check_references(connection, owner, references)
        if also is not None:
            also(connection)

    return work
