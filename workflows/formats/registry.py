"""Registry of the installed formats, built-in and third-party, found by entry point."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflows.formats.base import AnyFormat

GROUP = "storywire.formats"


@cache
def list_formats() -> dict[str, AnyFormat]:
    """The installed formats by name. Raises TypeError when a package registers something else."""
    from workflows.formats.base import Format  # a second of imports, for those who list formats

    formats: dict[str, AnyFormat] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        format = entry.load()()
        if not isinstance(format, Format):
            raise TypeError(f"The entry point {entry.name} of {GROUP} names no Format: {entry.value}")
        formats[format.name] = format
    return formats
