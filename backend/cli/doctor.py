"""`storywire doctor`: what is set up, whether it works, and what to change."""

import asyncio
import os
import shutil
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from backend.cli.failures import settings_or_fail
from backend.settings import Settings
from workflows.models.finding import Finding, Level
from workflows.safety.book import PolicyBook

_MARKS: dict[Level, tuple[str, str]] = {
    "good": ("✓", "green"),
    "doubtful": ("!", "yellow"),
    "bad": ("✗", "red"),
}
_LITTLE_SPACE = 500_000_000  # bytes
_console = Console(soft_wrap=True, highlight=False)


def doctor() -> None:
    """Check keys, models, the data folder and the policies. Prints no key. Status 1: runs would fail."""
    settings = settings_or_fail()
    from workflows.models.checkup import check_models  # a second of imports, which other commands do without

    findings = [_check_data(settings), _check_policies(settings), *asyncio.run(check_models(settings))]
    for finding in findings:
        mark, colour = _MARKS[finding.level]
        _console.print(Text.assemble((mark, colour), f" {finding.about}: {finding.message}"))
    bad = sum(finding.level == "bad" for finding in findings)
    _console.print(_sum_up(bad, sum(finding.level == "doubtful" for finding in findings)))
    raise typer.Exit(1 if bad else 0)


def _sum_up(bad: int, doubtful: int) -> str:
    if bad:
        return f"\nRuns would fail: {bad} to mend."
    return "\nRuns can be written." + (f" {doubtful} to look at." if doubtful else "")


def _check_data(settings: Settings) -> Finding:
    for folder in (settings.data_dir, settings.state_dir):
        about = f"data in {folder}"
        existing = _nearest(folder)
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            return Finding("bad", about, "can't be written; change STORYWIRE_DATA_DIR or the folder's owner")
        free = shutil.disk_usage(existing).free
        if free < _LITTLE_SPACE:
            return Finding("doubtful", about, f"only {free // 1_000_000} MB are free; make room")
    return Finding("good", f"data in {settings.data_dir}", "can be written")


def _nearest(folder: Path) -> Path:
    """The folder, or the one that it would be made in."""
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _check_policies(settings: Settings) -> Finding:
    """Wrong ones have stopped the settings already."""
    names = ", ".join(policy.name for policy in PolicyBook(settings.policy_dir).all())
    return Finding("good", "policies", names)
