"""What is kept for the people who write, as the formats look it up: one finder a kind."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from workflows.errors import NotFound

Finder = Callable[[str, str], Awaitable[Mapping[str, Any] | None]]
"""Owner and id → the thing as plain data; None if this owner has none."""


class StoredLibrary:
    """The service's `workflows.lookups.Library`."""

    def __init__(self, finders: Mapping[str, Finder]) -> None:
        self._finders = finders

    async def find(self, owner: str, kind: str, id: str) -> Mapping[str, Any]:
        """Raises NotFound, also for somebody else's."""
        finder = self._finders.get(kind)
        found = await finder(owner, id) if finder else None
        if found is None:
            raise NotFound(f"There is no {kind.replace('_', ' ')} {id[:64]}.")
        return found
