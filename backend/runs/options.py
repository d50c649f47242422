"""How a run is to be written, beside what it is about."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RunOptions(BaseModel):
    """The options of a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(
        None, description="provider:model; the service's default when left out", max_length=128
    )
    parallel: int = Field(1, ge=1, le=16, description="Sections that are written at once")
    on_disconnect: Literal["continue", "cancel"] = Field(
        "continue", description="cancel: stop the run when nobody has read it for a while"
    )
    keep_length: bool = Field(
        True, description="Keep each section to its planned length; false: take what the model writes"
    )
    review_outline: bool = Field(False, description="Wait after the plan for a person to edit it")
