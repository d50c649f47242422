"""Style guides for the wording and shape of a script: data, in styles.toml."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class StyleGuide(BaseModel):
    """Guide for a style. `hook` scales the hook's share, `outro` is a share of the duration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words_a_minute: int = Field(ge=80, le=220)
    hook: float = Field(gt=0, le=1)
    outro: float = Field(ge=0.07, le=0.10)
    template: str
    clashes: tuple[str, ...]
    guidance: str


@cache
def list_styles() -> dict[str, StyleGuide]:
    """All styles by name."""
    with (Path(__file__).parent / "styles.toml").open("rb") as file:
        return {name: StyleGuide.model_validate(guide) for name, guide in tomllib.load(file).items()}
