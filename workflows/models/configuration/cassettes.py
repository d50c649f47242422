"""Settings of cassettes: the ones that may be played, and their speed."""

from pathlib import Path

from pydantic import BaseModel, Field


class CassetteSettings(BaseModel):
    """Settings of playback; `record_dir` is the service's own."""

    replay_dir: Path | None = Field(
        None, description="Folder of cassettes that runs may name as replay:FILE; none by default"
    )
    replay_speed: float = Field(
        1.0,
        ge=0,
        le=1000,
        description="How fast cassettes are played: 1 as recorded, 2 twice as fast, 0 at once",
    )
