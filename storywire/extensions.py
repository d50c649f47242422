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
    from backend.runs.requests import RunRequest, VersionRequest
    from backend.runs.retention import RetainedData
    from backend.settings import Settings
    from backend.store.owner import Owner
    from backend.store.runs.runs import Run, RunRepository
    from backend.store.schema.run_values import RunOptions
    from backend.store.sql.database import Database
    from workflows.models.budget.ledger import Caps
    from workflows.safety.policies.registry import PolicyRegistry

__all__ = [
    "AccountSection",
    "Caps",
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
    "Owner",
    "OwnerDep",
    "PolicyRegistry",
    "Resources",
    "ResourcesDep",
    "RetainedData",
    "RouteAccess",
    "Run",
    "RunCommands",
    "RunOptions",
    "RunQueries",
    "RunRepository",
    "RunRequest",
    "RunsDep",
    "ServiceContext",
    "Settings",
    "SettingsDep",
    "VersionRequest",
    "fail",
    "open_resources",
    "quiet_settings",
]

_LATE = {
    "Caps": "workflows.models.budget.ledger",
    "Database": "backend.store.sql.database",
    "Owner": "backend.store.owner",
    "OwnerDep": "backend.api.dependencies",
    "PolicyRegistry": "workflows.safety.policies.registry",
    "Resources": "backend.resources",
    "ResourcesDep": "backend.api.dependencies",
    "RetainedData": "backend.runs.retention",
    "Run": "backend.store.runs.runs",
    "RunCommands": "backend.runs.commands",
    "RunOptions": "backend.store.schema.run_values",
    "RunQueries": "backend.runs.queries",
    "RunRepository": "backend.store.runs.runs",
    "RunRequest": "backend.runs.requests",
    "RunsDep": "backend.api.dependencies",
    "Settings": "backend.settings",
    "SettingsDep": "backend.api.dependencies",
    "VersionRequest": "backend.runs.requests",
    "open_resources": "backend.resources",
}


def __getattr__(name: str) -> Any:
    """Imports at first access, since it takes a second."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATE[name]), name)
