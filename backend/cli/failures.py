"""How a command says no: a sentence on standard error and a status, never a stack trace."""

from typing import NoReturn

import typer
from rich.console import Console

from backend.settings import Settings, SettingsError, load_settings

_console = Console(stderr=True, soft_wrap=True)


def fail(message: str, status: int = 1) -> NoReturn:
    """Ends the command."""
    _console.print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(status)


def settings_or_fail(**overrides: object) -> Settings:
    """The settings, or the end of the command."""
    try:
        return load_settings(**overrides)
    except SettingsError as error:
        fail(str(error), status=2)
