"""Error messages and exit statuses of the commands: a sentence on standard error, never a stack trace."""

from pathlib import Path
from typing import NoReturn

import typer

from backend.cli.terminal import say
from backend.logs import configure_logs
from backend.settings import Settings, SettingsError, load_service_settings, load_settings


def fail(message: str, status: int = 1) -> NoReturn:
    """Ends the command."""
    say(message, style="red", err=True)
    raise typer.Exit(status)


def recording_model(name: str) -> str:
    """`replay:FILE` with the file's absolute path, so that a run resumed elsewhere finds it."""
    provider, _, rest = name.partition(":")
    file, mark, options = rest.partition("?")
    return f"{provider}:{Path(file).expanduser().resolve()}{mark}{options}"


def quiet_settings() -> Settings:
    """Settings for a command that only looks something up."""
    settings = settings_or_fail(resume_on_start=False).model_copy(update={"log_level": "error"})
    configure_logs(settings)
    return settings


def settings_or_fail(**overrides: object) -> Settings:
    """The settings; exits with a message when they are wrong."""
    try:
        return load_settings(**overrides)
    except SettingsError as error:
        fail(str(error), status=2)


def service_settings_or_fail() -> Settings:
    """The settings of the service alone; exits with a message when they are wrong."""
    try:
        return load_service_settings()
    except SettingsError as error:
        fail(str(error), status=2)
