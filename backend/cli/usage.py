"""`storywire usage`: costs of the local runs."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Column

from backend.cli.failures import settings_or_fail
from backend.cli.service_client import JsonOption
from backend.cli.terminal import print_json, show_table
from backend.logs import configure_logs
from backend.settings import Settings
from backend.store.owner import LOCAL

if TYPE_CHECKING:
    from backend.store.usage import UsageSum


def usage(
    days: Annotated[int, typer.Option(min=1, help="How many days back, today included.")] = 30,
    by: Annotated[Literal["day", "model", "format", "role"], typer.Option(help="What is summed up.")] = "day",
    as_json: JsonOption = False,
) -> None:
    """Print the costs of the runs of the last days."""
    settings = settings_or_fail(resume_on_start=False).model_copy(update={"log_level": "error"})
    configure_logs(settings)
    rows = asyncio.run(_sums(settings, days, by))
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    show_table(
        (Column(by.capitalize(), no_wrap=True), "Runs", "Read", "Written", "Cost"),
        (
            (row.name, str(row.runs), str(row.input_tokens), str(row.output_tokens), _cost(row))
            for row in rows
        ),
    )


async def _sums(
    settings: Settings, days: int, by: Literal["day", "model", "format", "role"]
) -> list["UsageSum"]:
    from backend.resources import open_resources

    last = datetime.now(UTC).date()
    async with open_resources(settings) as resources:
        first = last - timedelta(days=days - 1)
        return await resources.usage.sums(LOCAL, first.isoformat(), last.isoformat(), by)


def _cost(row: "UsageSum") -> str:
    """US dollars, with `~` where a part is estimated, `+` where a part has no known price."""
    return f"{'~' if row.estimated else ''}${row.cost_usd:.4f}{'+' if row.unpriced_tokens else ''}"
