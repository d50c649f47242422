"""Public API for extensions of your own: routes, lookups and commands that go with a format.

Only the names in `__all__` are public. The module of an extension's class is imported by every command: import this
one there, and FastAPI, Typer and whatever else takes long in the methods or in modules of their own.
"""

from typing import TYPE_CHECKING, Any

from backend.cli.failures import fail, quiet_settings
from backend.extensions.base import (
    AccountSection,
    CommandLine,
    HasAccess,
    HasAccountSection,
    HasCommands,
    HasLookups,
    HasParts,
    HasRetention,
    HasRoutes,
    RouteAccess,
    ServiceContext,
)
from backend.lookups import Lookup
from backend.plugins import Extension, HasSettings

if TYPE_CHECKING:
    from backend.api.dependencies import OwnerDep, ResourcesDep, RunsDep, SettingsDep
    from backend.resources import Resources, open_resources
    from backend.runs.commands import RunCommands
    from backend.runs.queries import RunQueries
    from backend.runs.retention import RetainedData
    from backend.settings import Settings
    from backend.store.database import Database
    from backend.store.runs import RunRepository
    from workflows.safety.registry import PolicyRegistry

__all__ = [
    "AccountSection",
    "CommandLine",
    "Database",
    "Extension",
    "HasAccess",
    "HasAccountSection",
    "HasCommands",
    "HasLookups",
    "HasParts",
    "HasRetention",
    "HasRoutes",
    "HasSettings",
    "Lookup",
    "OwnerDep",
    "PolicyRegistry",
    "Resources",
    "ResourcesDep",
    "RetainedData",
    "RouteAccess",
    "RunCommands",
    "RunQueries",
    "RunRepository",
    "RunsDep",
    "ServiceContext",
    "Settings",
    "SettingsDep",
    "fail",
    "open_resources",
    "quiet_settings",
]

_LATE = {
    "Database": "backend.store.database",
    "OwnerDep": "backend.api.dependencies",
    "PolicyRegistry": "workflows.safety.registry",
    "Resources": "backend.resources",
    "ResourcesDep": "backend.api.dependencies",
    "RetainedData": "backend.runs.retention",
    "RunCommands": "backend.runs.commands",
    "RunQueries": "backend.runs.queries",
    "RunRepository": "backend.store.runs",
    "RunsDep": "backend.api.dependencies",
    "Settings": "backend.settings",
    "SettingsDep": "backend.api.dependencies",
    "open_resources": "backend.resources",
}


def __getattr__(name: str) -> Any:
    """Imports at first access, since it takes a second."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATE[name]), name)
