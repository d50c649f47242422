"""Personas of the viewer and of the speaker."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from workflows.text.json_values import NUL_REFUSED, trimmed


def _check_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError(NUL_REFUSED)
    return text


_NO_NUL = AfterValidator(_check_nul)
Name = Annotated[str, trimmed(80), _NO_NUL]
_Line = Annotated[str, trimmed(160), _NO_NUL]
_Text = Annotated[str, trimmed(1000), _NO_NUL]


class AudiencePersona(BaseModel):
    """A viewer for whom the script is written."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["audience"] = Field("audience", description="Always audience: somebody who watches")
    name: Name = Field(
        description="What to call this viewer, e.g. “Dana, who has just bought her first camera”",
        json_schema_extra={"personal": True},
    )
    description: _Text = Field(
        description="Who they are and why they watch", json_schema_extra={"personal": True}
    )
    knowledge: Literal["newcomer", "familiar", "expert"] = Field(
        "familiar", description="How much they know of the subject"
    )
    interests: list[_Line] = Field(default_factory=list, max_length=10, description="What they care about")
    wants: list[_Line] = Field(
        default_factory=list, max_length=10, description="What they want from the video"
    )


class ScriptPersona(BaseModel):
    """A speaker, in whose voice the script is written."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["script"] = Field("script", description="Always script: a voice that speaks")
    name: Name = Field(description="What to call this voice", json_schema_extra={"personal": True})
    description: _Text = Field(
        description="How they speak and what they stand for", json_schema_extra={"personal": True}
    )
    phrases: list[_Line] = Field(default_factory=list, max_length=10, description="What they like to say")
    avoid: list[_Line] = Field(default_factory=list, max_length=10, description="What they never say")


Persona = Annotated[AudiencePersona | ScriptPersona, Field(discriminator="kind")]
