"""Findings about a finished text, as the page shows them: grounding, key points, what the review left, notices."""

from collections.abc import Iterator, Mapping
from typing import Any

from backend.cli.terminal import StyledText, say
from workflows.formats.notices import list_notices, notice_lines

_WIDTH = 11


def show_outcome(metadata: Mapping[str, Any]) -> None:
    """Prints the findings on standard error, the gravest last: that is what stands above the next prompt."""
    for line in outcome_lines(metadata):
        say(line, err=True)


def outcome_lines(metadata: Mapping[str, Any]) -> Iterator[StyledText]:
    """The lines, each with its style."""
    grounding = metadata.get("grounding")
    if isinstance(grounding, Mapping) and isinstance(grounding.get("checked"), int):
        checked, supported = grounding["checked"], grounding.get("supported", 0)
        style = "green" if supported == checked else "red"
        yield f"{'Supported':{_WIDTH}}{supported} of {checked} statements", style
    compliance = metadata.get("compliance")
    if isinstance(compliance, Mapping):
        yield from _compliance_lines(compliance, metadata)
    for notice in list_notices(metadata):
        style = "bold red" if notice["level"] == "danger" else "yellow"
        for line in notice_lines(notice):
            yield line, style


def _compliance_lines(compliance: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[StyledText]:
    for point in compliance.get("points", []):
        if not point.get("covered"):
            yield f"{'Not made':{_WIDTH}}{point.get('text', '')} ({point.get('priority', '')})", "yellow"
    noticed = {passage["quote"] for notice in list_notices(metadata) for passage in notice["passages"]}
    for finding in compliance.get("findings", []):
        if finding.get("quote") and finding["quote"] in noticed:
            continue  # a notice says it
        section = finding.get("section")
        place = f"section {section + 1}: " if isinstance(section, int) else ""
        yield f"{'Not mended':{_WIDTH}}{place}{finding.get('advice', '')}", "yellow"
