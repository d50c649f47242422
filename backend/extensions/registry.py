"""Registry of the installed extensions, built-in and third-party, found by entry point."""

from functools import cache
from importlib.metadata import entry_points

from backend.extensions.base import Extension

GROUP = "storywire.extensions"


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
