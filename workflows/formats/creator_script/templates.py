"""Templates: the structure of a kind of video. Data files beside this one, and an operator's own."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from workflows.formats.toolkit.toml_files import read_folders
from workflows.text.json_values import trimmed

_FOLDER = Path(__file__).parent / "templates"

_Text = Annotated[str, trimmed(600)]
Title = Annotated[str, trimmed(80)]


class TemplateError(Exception):
    """Error in a template file; the message names the file, the field and the fault."""


class Beat(BaseModel):
    """A stretch of the content. Key points go where `points` is true, a section for each.

    `weight` is its share against a `must` point, which has 3.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Title
    text: _Text
    weight: int = Field(2, ge=1, le=10)
    points: bool = False
    min_minutes: float = Field(4, ge=0, le=60, description="In shorter videos it is left out")


class Template(BaseModel):
    """A kind of video."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
    title: Title
    description: _Text
    styles: tuple[str, ...] = Field(min_length=1, description="The styles that it goes well with")
    hook: _Text
    point: _Text
    outro: _Text
    order: Literal["given", "countdown"] = "given"
    words_a_minute: int | None = Field(None, ge=80, le=220)
    beats: tuple[Beat, ...] = Field(min_length=1, max_length=8)

    @model_validator(mode="after")
    def _points_stand_once(self) -> "Template":
        if sum(beat.points for beat in self.beats) != 1:
            raise ValueError("exactly one of the beats says points = true: there the key points stand")
        return self


class TemplateRegistry:
    """Templates by name. A file in the operator's folder replaces a built-in one of the same name."""

    def __init__(self, folder: Path | None = None) -> None:
        """Reads all files at once, so that a wrong one fails the start. Raises TemplateError."""
        self._templates = read_folders(Template, TemplateError, _FOLDER, folder)

    def find(self, name: str) -> Template:
        """The template. Raises LookupError that lists the templates."""
        if name not in self._templates:
            raise LookupError(f"there is no template {name!r}; there is {', '.join(sorted(self._templates))}")
        return self._templates[name]

    def all(self) -> list[Template]:
        """All templates, by name."""
        return [self._templates[name] for name in sorted(self._templates)]
