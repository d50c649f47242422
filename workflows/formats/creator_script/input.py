"""Input of a video script."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from workflows.formats.creator_script.personas import AudiencePersona, ScriptPersona
from workflows.formats.toolkit.languages import Language
from workflows.text.json_values import trimmed

Priority = Literal["must", "should", "nice"]
VideoStyle = Literal[
    "educational", "documentary", "storytelling", "vlog", "tutorial", "review", "news", "entertainment"
]
_PRIORITIES = ("must", "should", "nice")

_Short = Annotated[str, trimmed(80)]
_Id = Annotated[str, trimmed(64)]


class KeyPoint(BaseModel):
    """A key point of the script. As one string: `must: leaves are green`."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, trimmed(300, shortest=2)] = Field(
        description="What is to be said, 2 to 300 characters"
    )
    priority: Priority = Field("should", description="must: it has to be said; nice: if there is time")

    @model_validator(mode="before")
    @classmethod
    def _read_string(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        priority, colon, text = given.partition(":")
        known = priority.strip().lower()
        return {"text": text, "priority": known} if colon and known in _PRIORITIES else {"text": given}


class CreatorScriptInput(BaseModel):
    """Input of one video."""

    model_config = ConfigDict(extra="forbid")

    topic: Annotated[str, trimmed(200, shortest=2)] = Field(description="What the video is about")
    duration_minutes: float = Field(5, ge=1, le=60, description="How long it is to be, 1 to 60 minutes")
    tone: _Short = Field("friendly", description="How it sounds, e.g. friendly, calm, funny")
    style: VideoStyle = Field("educational", description="What kind of video it is")
    target_audience: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] | None = Field(
        None, description="Whom it is for"
    )
    key_points: list[KeyPoint] = Field(
        default_factory=list, max_length=30, description="What it has to say, and how much each matters"
    )
    script_flow: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] | None = Field(
        None, description="How it should go, in your own words"
    )
    template: _Id | None = Field(
        None, description="Name of a template; GET /api/v1/creator-scripts/templates lists them. By style"
    )
    language: Language = Field("en", description="Language of the script")
    words_per_minute: int | None = Field(
        None, ge=80, le=220, description="The speaker's pace; the template's or the style's by default"
    )
    audience_persona_id: _Id | None = Field(None, description="A stored audience persona")
    script_persona_id: _Id | None = Field(None, description="A stored script persona")
    audience_persona: AudiencePersona | None = Field(None, description="An audience persona, right here")
    script_persona: ScriptPersona | None = Field(None, description="A script persona, right here")

    @property
    def seconds(self) -> int:
        """The whole duration in seconds."""
        return round(self.duration_minutes * 60)
