"""The creator script's part of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.extensions.base import RouteAccess, ServiceContext
from backend.plugins import Extension
from backend.scripts.settings import PersonaSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import APIRouter

    from backend.lookups import Lookup
    from backend.scripts.parts import ScriptParts


class ScriptExtension(Extension):
    """The creator script extension: personas, templates, and tips on an input."""

    name = "creator_script"
    Settings = PersonaSettings

    def open(self, service: ServiceContext) -> ScriptParts:
        """The stored personas, and the format as configured."""
        from backend.scripts.parts import open_scripts

        return open_scripts(service, self.name)

    def declare_tables(self) -> None:
        """Personas."""
        from backend.scripts.store import tables  # noqa: F401

    def lookups(self, service: ServiceContext) -> Mapping[str, Lookup]:
        """The lookup `persona`."""
        from backend.lookups import StoredLookup
        from backend.scripts.store.personas import PersonaRepository
        from backend.scripts.store.tables import personas

        return {"persona": StoredLookup(PersonaRepository(service.database).look_up, personas)}

    def access(self) -> Sequence[RouteAccess]:
        """Personas are in the scope `library`; templates are facts of the service, and a check of a text."""
        return (
            RouteAccess(r"/api/v1/personas(?:/.*)?", "library"),
            RouteAccess(r"/api/v1/creator-scripts/.*", ""),
        )

    def routers(self) -> Sequence[APIRouter]:
        """The routes `/api/v1/personas` and `/api/v1/creator-scripts`."""
        from backend.scripts.api import creator_scripts, personas

        return (personas.router, creator_scripts.router)
