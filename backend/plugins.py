"""Registry of the installed extensions, built-in and third-party, found by entry point."""

from functools import cache
from importlib.metadata import entry_points
from typing import ClassVar, Protocol, runtime_checkable

from workflows.formats.settings import FormatSettings

GROUP = "storywire.extensions"


class Extension:
    """A package's part of the service. Stateless; its capabilities are `HasSettings` and those of `extensions.base`."""

    name: ClassVar[str]
    """Of the package or its format; no two extensions share it."""


@runtime_checkable
class HasSettings(Protocol):
    """Capability: settings of its own, such as how much of something an account may have."""

    Settings: ClassVar[type[FormatSettings]]


@runtime_checkable
class HasTables(Protocol):
    """Capability: tables of its own. Migrations of this distribution make them, so other packages can't have any."""

    def declare_tables(self) -> None:
        """Imports the modules that declare its tables in `backend.store.schema.tables.metadata`."""
        ...


@cache
def list_extensions() -> dict[str, Extension]:
    """The installed extensions by name. Raises TypeError when a package registers something else."""
    extensions: dict[str, Extension] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        extension = entry.load()()
        if not isinstance(extension, Extension):
            raise TypeError(f"The entry point {entry.name} of {GROUP} names no Extension: {entry.value}")
        if extension.name in extensions:
            raise TypeError(f"Two packages register an extension {extension.name} in {GROUP}.")
        extensions[extension.name] = extension
    return extensions
