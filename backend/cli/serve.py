"""`storywire serve`: starts the service."""

import asyncio
import socket
from typing import Annotated

import typer

from backend.cli.failures import fail, settings_or_fail
from backend.cli.terminal import say
from backend.settings import Settings, SettingsError, find_unknown
from backend.store.setup.folders import open_folders


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (STORYWIRE_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (STORYWIRE_PORT).")] = None,
) -> None:
    """Start the service and its page."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings_or_fail(**given)
    open_folders(settings)
    _check_database(settings)
    _check_secrets(settings)
    listener = open_listener(settings)
    _greet(settings, listener.getsockname()[1])

    from backend.app import create_app
    from backend.connections import ConnectionLimits
    from backend.logs import configure_logs
    from backend.server import run_server

    configure_logs(settings)
    limits = ConnectionLimits(settings.max_connections, settings.request_seconds)
    run_server(create_app(settings), listener, settings.drain_seconds, limits)


def open_listener(settings: Settings) -> socket.socket:
    """The socket that the service listens on. No process that the service starts has it: the port is free again when
    the service is killed, whoever outlives it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        fail(
            f"Can't listen on {settings.host}:{settings.port} ({error.strerror}). "
            "Is another service there? Choose another port with STORYWIRE_PORT."
        )
    return listener


def _check_database(settings: Settings) -> None:
    """Ends the command with a sentence, where the server would end with what it logs."""
    from backend.storage import check_database

    try:
        asyncio.run(check_database(settings))
    except SettingsError as error:
        fail(str(error), status=2)


def _check_secrets(settings: Settings) -> None:
    """As `_check_database`, of what stands in files of secrets."""
    from backend.accounts.mail import open_mailer
    from backend.accounts.tokens.signing import load_secrets

    try:
        if settings.auth == "accounts":
            load_secrets(settings)
        open_mailer(settings)
    except SettingsError as error:
        fail(str(error), status=2)


def _greet(settings: Settings, port: int) -> None:
    from workflows.errors import ModelNotConfigured
    from workflows.models.choice.selection import EMBEDDED_NOTE, Selection
    from workflows.models.embedded.weights import check_presence

    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    default = Selection(settings).default()
    say(("Storywire", "bold"), f"  http://{host}:{port}/", err=True)
    say(f"Model      {default}", err=True)
    for name, message in find_unknown().items():
        say(f"{name}: {message}", style="yellow", err=True)
    if default.provider == "embedded":
        try:
            check_presence(settings.local_model)
        except ModelNotConfigured as error:
            say(f"           {error.message}", style="red", err=True)
            return
        say(f"           {EMBEDDED_NOTE}", style="yellow", err=True)
        say("           e.g. STORYWIRE_MODEL=openai:gpt-5.6-luna OPENAI_API_KEY=…", err=True)
