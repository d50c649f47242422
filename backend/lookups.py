"""Lookups of stored objects that an input may refer to, by kind: documents, and those of extensions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.store.owner import Owner
from workflows.errors import Forbidden, NotFound

if TYPE_CHECKING:  # whatever names a lookup is imported by every command
    from backend.store.references import Reference, Rows

Lookup = Callable[[Owner, str], Awaitable[Mapping[str, Any] | None]]
"""Owner and id → the thing as plain data; None if this owner has none."""
RETOLD = "retold_runs"
"""In what is found: ids of the runs whose text it retells."""


@dataclass(frozen=True, slots=True)
class StoredLookup:
    """Lookup of the rows of a table with the columns `owner` and `id`. A run that refers to such a row is stored only
    while it is there, however a deletion falls together with the start. The deletion must hold the owner's lock
    (`lock_owner`), and look for such runs after it."""

    look_up: Lookup
    table: Rows

    async def __call__(self, owner: Owner, id: str) -> Mapping[str, Any] | None:
        """See `Lookup`."""
        return await self.look_up(owner, id)


class StoredLookups:
    """The service's implementation of `workflows.lookups.Lookups`."""

    def __init__(self, lookups: Mapping[str, Lookup]) -> None:
        """`lookups`: those of the library."""
        self._lookups: dict[str, Lookup] = {}
        self._scopes: dict[str, str] = {}
        self.add(lookups, "library")

    def add(self, lookups: Mapping[str, Lookup], area: str = "extensions") -> None:
        """Adds the kinds of an extension, which an API key needs the scope `{area}:read` for. Raises ValueError for a
        kind that exists already."""
        if taken := sorted(self._lookups.keys() & lookups.keys()):
            raise ValueError(f"Two extensions look up the kind {taken[0]}.")
        self._lookups |= lookups
        self._scopes |= dict.fromkeys(lookups, f"{area}:read")

    def scope_of(self, kind: str) -> str:
        """The scope that an API key needs to refer to an object of this kind."""
        return self._scopes.get(kind, "extensions:read")

    async def find(self, owner: str, kind: str, id: str) -> Mapping[str, Any]:
        """The object as plain data. Raises NotFound, also for another owner's."""
        lookup = self._lookups.get(kind)
        found = await lookup(Owner(owner), id) if lookup else None
        if found is None:
            raise NotFound(f"There is no {kind.replace('_', ' ')} {id[:64]}.")
        return found

    def references(self, kind: str, id: str, found: Mapping[str, Any]) -> list[Reference]:
        """The rows that what was found is made of, as far as they are known."""
        from backend.store.references import Reference, run_reference

        lookup = self._lookups.get(kind)
        own = [Reference(lookup.table, id, kind)] if isinstance(lookup, StoredLookup) else []
        return [*own, *map(run_reference, found.get(RETOLD, ()))]


class GrantedLookups:
    """Lookups of what a caller may read: whoever may start a run needn't be allowed to read what its input refers to,
    and a run shows that."""

    def __init__(self, lookups: StoredLookups, scopes: frozenset[str] | None) -> None:
        """`scopes` are those of the caller's API key; None: a person's, who may read all that is theirs."""
        self._lookups = lookups
        self._scopes = scopes
        self._found: list[Reference] = []

    @property
    def references(self) -> Sequence[Reference]:
        """The rows that were found so far."""
        return self._found

    async def find(self, owner: str, kind: str, id: str) -> Mapping[str, Any]:
        """See `Lookups`. Raises Forbidden for a key without the scope, whether or not there is such an object."""
        scope = self._lookups.scope_of(kind)
        if self._scopes is not None and scope not in self._scopes:
            raise Forbidden(f"This key lacks the scope {scope}, which a {kind.replace('_', ' ')} needs.")
        found = await self._lookups.find(owner, kind, id)
        self._found += self._lookups.references(kind, id, found)
        return found
