"""The plug-in interface of the service: extensions, which packages bring beside their formats.

A package of your own adds an extension by naming its class under the entry point `storywire.extensions`. The module
of that class is imported by every command, so what takes long to import belongs into the methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from backend.plugins import Extension

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from fastapi import APIRouter
    from typer import Typer

    from backend.lookups import Lookup
    from backend.runs.commands import RunCommands
    from backend.runs.queries import RunQueries
    from backend.runs.retention import RetainedData
    from backend.settings import Settings
    from backend.store.runs.runs import RunRepository
    from backend.store.sql.database import Database
    from workflows.formats.base import AnyFormat
    from workflows.safety.policies.registry import PolicyRegistry


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
    """Capability: stored objects that inputs may refer to. An API key needs the scope of the extension's routes for
    that, as it needs it to read them there."""

    def lookups(self, service: ServiceContext) -> Mapping[str, Lookup]:
        """Lookups by kind, as formats name it: owner and id → plain data, None if this owner has none."""
        ...


@runtime_checkable
class HasRoutes(Protocol):
    """Capability: routes of its own."""

    def routers(self) -> Sequence[APIRouter]:
        """FastAPI routers with full paths. Routes of formats come after them."""
        ...


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """Access of API keys to routes. `path` is a pattern of whole paths; `scope` stands before `:read` and `:write`, is
    empty for routes that any key may ask for, and None for those that are for people only."""

    path: str
    scope: str | None


@runtime_checkable
class HasAccess(Protocol):
    """Capability: scopes of its own for its routes. Without it they are in the scope `extensions`."""

    def access(self) -> Sequence[RouteAccess]:
        """Access to its routes; the first pattern that fits decides. The service's own routes are decided before."""
        ...


@runtime_checkable
class HasRetention(Protocol):
    """Capability: stored things that grow old, and are deleted by the retention of the service."""

    def retention(self, service: ServiceContext) -> RetainedData:
        """The deletion of what is too old. Called once, where a time is set for which things are kept."""
        ...


@dataclass(frozen=True, slots=True)
class AccountSection:
    """Section of the account page, for whoever is signed in: files with its HTML, and with the module that works it.

    The module imports `signedIn`, `call`, `onSubmit` and `say` from `../page.js`.
    """

    html: Path
    script: Path


@runtime_checkable
class HasAccountSection(Protocol):
    """Capability: section of its own on the account page."""

    def account_section(self) -> AccountSection:
        """The files of the section, which anybody may read: they hold nothing of an account's."""
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
) -> list[tuple[str, Mapping[str, Lookup]]]:
    """(first part of the scope, lookups) of all extensions."""
    return [
        (_area_of(extension), extension.lookups(service))
        for extension in extensions.values()
        if isinstance(extension, HasLookups)
    ]


def _area_of(extension: Extension) -> str:
    """What an extension stores is read by the scope of its routes, the first that it names."""
    own = extension.access() if isinstance(extension, HasAccess) else ()
    return next((each.scope for each in own if each.scope), "extensions")


def collect_retained(extensions: Mapping[str, Extension], service: ServiceContext) -> list[RetainedData]:
    """What grows old, of all extensions."""
    return [
        extension.retention(service)
        for extension in extensions.values()
        if isinstance(extension, HasRetention)
    ]


def collect_access(extensions: Mapping[str, Extension]) -> list[RouteAccess]:
    """Access to the routes of all extensions."""
    return [
        each
        for extension in extensions.values()
        if isinstance(extension, HasAccess)
        for each in extension.access()
    ]


def collect_account_sections(extensions: Mapping[str, Extension]) -> dict[str, AccountSection]:
    """Sections of the account page, by the name of the extension."""
    return {
        name: extension.account_section()
        for name, extension in extensions.items()
        if isinstance(extension, HasAccountSection)
    }


def collect_scopes(extensions: Mapping[str, Extension], scopes: Sequence[str]) -> tuple[str, ...]:
    """These scopes, and those of all extensions."""
    areas = (each.scope for each in collect_access(extensions) if each.scope)
    own = (f"{area}:{use}" for area in areas for use in ("read", "write"))
    return tuple(dict.fromkeys((*scopes, *own)))
