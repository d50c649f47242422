"""Settings of the embedded model's file and process."""

from pathlib import Path

from pydantic import BaseModel, Field

from workflows.models.configuration.paths import OwnPath


class EmbeddedSettings(BaseModel):
    """Place of the weights, and of the running process."""

    local_model: OwnPath | None = Field(None, description="Another GGUF file for the embedded model to run")
    runtime_dir: OwnPath = Field(
        Path.home() / ".cache" / "storywire",
        description="Where the embedded model's process leaves its address",
    )
