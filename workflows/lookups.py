"""Port of stored objects that inputs refer to: children, sessions, documents, personas."""

from collections.abc import Mapping
from typing import Any, Protocol

from workflows.errors import FieldError, NotFound


class Lookups(Protocol):
    """Lookups of the objects that an input refers to."""

    async def find(self, owner: str, kind: str, id: str) -> Mapping[str, Any]:
        """The owner's object of this kind, as plain data. Raises NotFound, also for another owner's."""
        ...


async def find_named(lookups: Lookups, owner: str, kind: str, id: str, field: str) -> Mapping[str, Any]:
    """The object that the input's `field` refers to. Raises NotFound that names the field."""
    try:
        return await lookups.find(owner, kind, id)
    except NotFound as error:
        raise NotFound(f"{field}: {error.message}", (FieldError(field, error.message),)) from None


class EmptyLookups:
    """Lookups without any objects, for LangGraph Studio and for graphs built without a service."""

    async def find(self, owner: str, kind: str, id: str) -> Mapping[str, Any]:
        """Raises NotFound."""
        del owner
        raise NotFound(f"There is no {kind} {id[:64]}: this graph runs without the service that keeps them.")
