"""`storywire migrate`: brings the database up to date, and moves data from SQLite to PostgreSQL."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.failures import fail, settings_or_fail
from backend.cli.terminal import say
from backend.settings import Settings, SettingsError


def migrate(
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="sqlite:///FILE",
            help="Copy the data of this SQLite database, whose service is stopped, into the PostgreSQL database that "
            "STORYWIRE_DATABASE_URL names, which must be empty.",
        ),
    ] = None,
) -> None:
    """Bring the database up to date: once for each release, before its processes are started."""
    settings = settings_or_fail()
    if from_ is not None:
        _copy(_find_file(from_, settings), settings)
        return
    asyncio.run(_migrate(settings))
    say("The database is up to date.", err=True)


def _find_file(url: str, settings: Settings) -> Path:
    if not settings.has_queue:
        fail(
            "STORYWIRE_DATABASE_URL: --from copies into a PostgreSQL database, postgresql://user:password@host/name.",
            status=2,
        )
    file = Path(url.removeprefix("sqlite:///")).absolute()
    if not url.startswith("sqlite:///") or not file.is_file():
        fail(
            f"--from: an existing SQLite file is expected, sqlite:///path/to/storywire.db; got {url!r}.",
            status=2,
        )
    return file


def _copy(source: Path, settings: Settings) -> None:
    from backend.runs.engine.liveness import PROCESSES, find_alive
    from backend.storage import copy_database
    from backend.store.setup.copying import CopyError, count_runs

    if find_alive(source.parent / PROCESSES):
        fail(f"--from: a service works on {source} at this moment; stop it first.", status=2)
    try:
        copied = asyncio.run(copy_database(source, settings))
    except (CopyError, SettingsError) as error:
        fail(str(error), status=2)
    for name, count in copied.rows.items():
        if count:
            say(f"{name}: {count}", err=True)
    say(
        f"{count_runs(copied)} runs were copied, with all that belongs to them; the logs are the same byte for byte.",
        err=True,
    )


async def _migrate(settings: Settings) -> None:
    from backend.storage import open_database

    database = open_database(settings)
    try:
        await database.migrate()
    finally:
        await database.close()
