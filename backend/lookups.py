"""Lookups of stored objects that an input may refer to, by kind: documents, and those of extensions."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from backend.store.owner import Owner
from workflows.errors import Forbidden, NotFound

Lookup = Callable[[Owner, str], Awaitable[Mapping[str, Any] | None]]
"""Owner and id → the thing as plain data; None if this owner has none."""


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


class GrantedLookups:
    """Lookups of what a caller may read: whoever may start a run needn't be allowed to read what its input refers to,
    and a run shows that."""

    def __init__(self, lookups: StoredLookups, scopes: frozenset[str] | None) -> None:
        """`scopes` are those of the caller's API key; None: a person's, who may read all that is theirs."""
        self._lookups = lookups
        self._scopes = scopes

    async def find(self, owner: str, kind: str, id: str) -> Mapping[str, Any]:
        """See `Lookups`. Raises Forbidden for a key without the scope, whether or not there is such an object."""
        scope = self._lookups.scope_of(kind)
        if self._scopes is not None and scope not in self._scopes:
            raise Forbidden(f"This key lacks the scope {scope}, which a {kind.replace('_', ' ')} needs.")
        return await self._lookups.find(owner, kind, id)
