"""`storywire doctor`: checks of the configuration; with a URL, a check that streams arrive as they are sent."""

import asyncio
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.doctor.proxy import check_streaming
from backend.cli.failures import fail, settings_or_fail
from backend.cli.terminal import print_json, say
from backend.settings import Settings, find_unknown
from workflows.models.doctor.finding import DoctorFinding, Level
from workflows.safety.policies.registry import PolicyRegistry

_MARKS: dict[Level, tuple[str, str]] = {
    "good": ("✓", "green"),
    "doubtful": ("!", "yellow"),
    "bad": ("✗", "red"),
}
_LITTLE_SPACE = 500_000_000  # bytes


def doctor(
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="A service's address, as readers reach it.", show_default=False),
    ] = None,
    ticks: Annotated[
        int | None, typer.Option(min=3, max=200, help="With URL: messages to ask for; 12 by default.")
    ] = None,
    interval: Annotated[
        int | None,
        typer.Option(min=10, max=1000, help="With URL: milliseconds between two; 200 by default."),
    ] = None,
    idle: Annotated[
        float | None,
        typer.Option(min=1, max=300, help="With URL: also leave a stream silent for so many seconds."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Check keys, models, the data folder and the policies. Prints no key. Status 1: runs would fail.

    With URL: measure whether streams from there arrive as they are sent, and say what to change. Status 1: they don't.
    """
    if url is not None:
        raise typer.Exit(check_streaming(url, ticks=ticks, interval_ms=interval, idle=idle, as_json=as_json))
    given = {"--ticks": ticks, "--interval": interval, "--idle": idle}
    if alone := [name for name, value in given.items() if value is not None]:
        fail(f"{', '.join(alone)}: only with the address of a service, storywire doctor URL.", status=2)
    _check_setup(as_json=as_json)


def _check_setup(*, as_json: bool) -> None:
    settings = settings_or_fail()
    from workflows.models.doctor.checkup import (
        check_models,  # a second of imports, which other commands do without
    )

    findings = [_check_data(settings), _check_policies(settings)]
    findings += [DoctorFinding("doubtful", name, message) for name, message in find_unknown().items()]
    findings += asyncio.run(check_models(settings))
    bad = sum(finding.level == "bad" for finding in findings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark, colour = _MARKS[finding.level]
            say((mark, colour), f" {finding.about}: {finding.message}")
        say(_sum_up(bad, sum(finding.level == "doubtful" for finding in findings)))
    raise typer.Exit(1 if bad else 0)


def _sum_up(bad: int, doubtful: int) -> str:
    if bad:
        return f"\nRuns would fail: {bad} to mend."
    return "\nRuns can be written." + (f" {doubtful} to look at." if doubtful else "")


def _check_data(settings: Settings) -> DoctorFinding:
    for folder in (settings.data_dir, settings.state_dir):
        about = f"data in {folder}"
        existing = _nearest(folder)
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            return DoctorFinding(
                "bad", about, "can't be written; change STORYWIRE_DATA_DIR or the folder's owner"
            )
        free = shutil.disk_usage(existing).free
        if free < _LITTLE_SPACE:
            return DoctorFinding("doubtful", about, f"only {free // 1_000_000} MB are free; make room")
    return DoctorFinding("good", f"data in {settings.data_dir}", "can be written")


def _nearest(folder: Path) -> Path:
    """The folder, or its nearest existing parent."""
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _check_policies(settings: Settings) -> DoctorFinding:
    """Findings on the policies. Wrong ones have failed the settings already."""
    names = ", ".join(policy.name for policy in PolicyRegistry(settings.policy_dir).all())
    return DoctorFinding("good", "policies", names)
