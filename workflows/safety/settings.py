"""Settings of safety."""

from pydantic import BaseModel, Field

from workflows.models.configuration.paths import OwnPath


class SafetySettings(BaseModel):
    """Place of an operator's policies."""

    policy_dir: OwnPath | None = Field(
        None, description="Folder of safety policies (*.toml) beside ours, or in their place"
    )
