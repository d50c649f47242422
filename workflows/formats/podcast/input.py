"""Input of a podcast episode."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from workflows.formats.podcast.spoken import language_name
from workflows.text.json_values import trimmed

_Line = Annotated[str, trimmed(120)]
_Text = Annotated[str, trimmed(2000)]
# A name stands before a colon in every turn, so it holds none, and no markup.
HostName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=30, pattern=r"^[^\W\d_][\w .'’-]*$"),
]
TopicId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


class Topic(BaseModel):
    """Topic of the episode."""

    model_config = ConfigDict(extra="forbid")

    id: TopicId = Field(description="Lower-case letters, digits and hyphens, at most 64")
    title: _Line = Field(description="What the episode is called, 1 to 120 characters")
    description: _Text = Field(description="What it should tell, 1 to 2,000 characters")
    freshness_hours: int = Field(24, ge=1, le=8760, description="How old news may be, in hours")
    region: _Line | None = Field(None, description="Where the listeners are, such as Germany")
    rumors_allowed: bool = Field(False, description="Whether there is a Rumor Watch")


class Host(BaseModel):
    """A host of the episode."""

    model_config = ConfigDict(extra="forbid")

    name: HostName = Field(
        description="As it stands before each turn: letters, digits, spaces; no colon",
        json_schema_extra={"personal": True},
    )
    bio: Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)] = Field(
        "", description="Who this is and how they talk", json_schema_extra={"personal": True}
    )


def default_hosts() -> list[Host]:
    """The two hosts of an input without any."""
    return [
        Host(name="Ada", bio="curious and quick; asks what the listener would ask"),
        Host(name="Ben", bio="calm and exact; explains with pictures from daily life"),
    ]


class PodcastInput(BaseModel):
    """Input of an episode with two hosts."""

    model_config = ConfigDict(extra="forbid")

    topic: Topic = Field(description="What the episode is about")
    hosts: list[Host] = Field(
        default_factory=default_hosts, min_length=2, max_length=2, description="The two who talk"
    )
    tone: _Line = Field("informed and lively", description="How they talk")
    target_words: int = Field(
        10_000, ge=2_000, le=30_000, description="Words of the ten sections together, 2,000 to 30,000"
    )
    reference_text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60_000)] | None = (
        Field(
            None,
            description="Material to work from, at most 60,000 characters",
            json_schema_extra={"personal": True},
        )
    )
    language: _Line = Field(
        "English", description="The language that is spoken, by its English name or its tag"
    )
    search: Literal["auto", "off"] = Field(
        "auto", description="auto: the first section looks the topic up where the model can search the web"
    )
    outline: Literal["fixed", "model"] = Field(
        "fixed", description="fixed: the plan costs nothing; model: one more call makes it fit the topic"
    )
    pieces: bool = Field(True, description="Whether the short forms are made: M1–M2, S1–S4, R1–R8")

    @field_validator("language")
    @classmethod
    def _is_known(cls, language: str) -> str:
        language_name(language)  # it stands among a prompt's own words
        return language

    @field_validator("hosts")
    @classmethod
    def _differ(cls, hosts: list[Host]) -> list[Host]:
        if hosts[0].name.casefold() == hosts[1].name.casefold():
            raise ValueError("the two hosts need different names")
        return hosts
