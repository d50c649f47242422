"""The embedded model's file and its process."""

from pathlib import Path

from pydantic import BaseModel, Field


class EmbeddedSettings(BaseModel):
    """Where the weights are, and where the process can be found."""

    local_model: Path | None = Field(None, description="Another GGUF file for the embedded model to run")
    runtime_dir: Path = Field(
        Path.home() / ".cache" / "storywire",
        description="Where the embedded model's process leaves its address",
    )
