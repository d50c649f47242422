"""Notes on business fields, available without research: data files beside this one, and an operator's own."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from workflows.formats.discovery_report.input import DiscoveryInput
from workflows.formats.toolkit.toml_files import read_folders
from workflows.text.json_values import trimmed
from workflows.text.metrics.coverage import content_stems

_FOLDER = Path(__file__).parent / "areas"
GENERAL = "general"
"""The notes that are taken where no others fit."""

_Text = Annotated[str, trimmed(12_000)]


class AreaError(Exception):
    """Error in a file of notes; the message names the file, the field and the fault."""


class Area(BaseModel):
    """Notes on a field. `words` are the names of the field and of its niches."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: Annotated[str, trimmed(120)]
    words: tuple[str, ...] = Field((), max_length=80)
    notes: _Text

    def fits(self, wanted: frozenset[str]) -> int:
        """The number of the given stems that are among the field's names."""
        return len(wanted & content_stems(" ".join((self.title, *self.words))))


class AreaRegistry:
    """Notes by name. A file in the operator's folder replaces a built-in one of the same name."""

    def __init__(self, folder: Path | None = None) -> None:
        """Reads all files at once, so that a wrong one fails the start. Raises AreaError."""
        self._areas = read_folders(Area, AreaError, _FOLDER, folder)

    def find(self, inputs: DiscoveryInput) -> Area:
        """The notes that fit the profile best, by its field and niche; the field counts twice."""
        field, corner = content_stems(inputs.interest_area), content_stems(inputs.sub_interest_area or "")
        scores = {name: 2 * area.fits(field) + area.fits(corner) for name, area in self._areas.items()}
        best = max(sorted(scores), key=lambda name: scores[name])
        return self._areas[best] if scores[best] else self._areas[GENERAL]
