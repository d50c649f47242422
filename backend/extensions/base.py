"""The plug-in interface of the service: extensions, which packages bring beside their formats.

A package of your own adds an extension by naming its class under the entry point `storywire.extensions`. The module
of that class is imported by every command, so what takes long to import belongs into the methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import APIRouter
    from typer import Typer

    from backend.lookups import Lookup
    from backend.runs.commands import RunCommands
    from backend.runs.queries import RunQueries
    from backend.settings import Settings
    from backend.store.database import Database
    from backend.store.runs import RunRepository
    from workflows.formats.base import AnyFormat
    from workflows.safety.registry import PolicyRegistry


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """The parts of the running service that an extension works with.

    `formats` are configured: what an operator has set for a format is known by the format itself.
    """

    settings: Settings
    formats: Mapping[str, AnyFormat]
    policies: PolicyRegistry
    runs: RunCommands
    queries: RunQueries
    run_repository: RunRepository
    database: Database


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`storywire`, and its groups `storywire generate` and `storywire record`."""

    app: Typer
    generate: Typer
    record: Typer


class Extension:
    """A package's part of the service. Stateless; its capabilities are the protocols below."""

    name: ClassVar[str]
    """Of the package or its format; no two extensions share it."""


@runtime_checkable
class HasParts(Protocol):
    """Capability: use cases of its own, which its routes and commands get from the service."""

    def open(self, service: ServiceContext) -> object:
        """The use cases, as an object of a class of its own, by which `Resources.parts_of` finds it.

        Called once, when the service has opened everything of its own.
        """
        ...


@runtime_checkable
class HasLookups(Protocol):
    """Capability: stored objects that inputs may refer to."""

    def lookups(self, service: ServiceContext) -> Mapping[str, Lookup]:
        """Lookups by kind, as formats name it: owner and id → plain data, None if this owner has none."""
        ...


@runtime_checkable
class HasRoutes(Protocol):
    """Capability: routes of its own."""

    def routers(self) -> Sequence[APIRouter]:
        """FastAPI routers with full paths. Routes of formats come after them."""
        ...


@runtime_checkable
class HasCommands(Protocol):
    """Capability: commands of `storywire`."""

    def add_commands(self, line: CommandLine) -> None:
        """Adds the commands. Slow imports are left to the commands themselves."""
        ...


def open_parts(extensions: Mapping[str, Extension], service: ServiceContext) -> dict[type, object]:
    """The use cases of all extensions, by their class."""
    opened = (extension.open(service) for extension in extensions.values() if isinstance(extension, HasParts))
    return {type(parts): parts for parts in opened}


def collect_lookups(
    extensions: Mapping[str, Extension], service: ServiceContext
) -> list[Mapping[str, Lookup]]:
    """The lookups of all extensions, a mapping per extension."""
    return [
        extension.lookups(service) for extension in extensions.values() if isinstance(extension, HasLookups)
    ]
