"""Settings of cassettes: the ones that may be played, and their speed."""

from pydantic import BaseModel, Field

from workflows.models.configuration.paths import OwnPath


class CassetteSettings(BaseModel):
    """Settings of playback; `record_dir` is the service's own."""

    replay_dir: OwnPath | None = Field(
        None, description="Folder of cassettes that runs may name as replay:FILE; none by default"
    )
    replay_speed: float = Field(
        1.0,
        ge=0,
        le=1000,
        description="How fast cassettes are played: 1 as recorded, 2 twice as fast, 0 at once",
    )
