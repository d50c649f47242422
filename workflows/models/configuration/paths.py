"""Paths in settings."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

OwnPath = Annotated[Path, AfterValidator(Path.expanduser)]
"""A path of the operator's, with `~` expanded: in `.env` no shell does it."""
