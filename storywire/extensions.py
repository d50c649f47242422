"""Public API for extensions of your own: routes, lookups and commands that go with a format.

Only the names in `__all__` are public. The module of an extension's class is imported by every command: import this
one there, and FastAPI, Typer and whatever else takes long in the methods or in modules of their own.
"""

from typing import TYPE_CHECKING, Any

from backend.cli.failures import fail, quiet_settings
from backend.extensions.base import (
    CommandLine,
    Extension,
    HasCommands,
    HasLookups,
    HasParts,
    HasRoutes,
    ServiceContext,
)
from backend.lookups import Lookup

if TYPE_CHECKING:
    from backend.api.dependencies import OwnerDep, ResourcesDep, RunsDep, SettingsDep
    from backend.resources import open_resources

__all__ = [
    "CommandLine",
    "Extension",
    "HasCommands",
    "HasLookups",
    "HasParts",
    "HasRoutes",
    "Lookup",
    "OwnerDep",
    "ResourcesDep",
    "RunsDep",
    "ServiceContext",
    "SettingsDep",
    "fail",
    "open_resources",
    "quiet_settings",
]

_LATE = {
    "OwnerDep": "backend.api.dependencies",
    "ResourcesDep": "backend.api.dependencies",
    "RunsDep": "backend.api.dependencies",
    "SettingsDep": "backend.api.dependencies",
    "open_resources": "backend.resources",
}


def __getattr__(name: str) -> Any:
    """Imports at first access, since it takes a second."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATE[name]), name)
