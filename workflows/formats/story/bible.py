"""The bible of a story: what its scenes and chapters agree on. Pure."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
MOST_CAST = 12
_MOST_THREADS = 8


class CastMember(BaseModel):
    """Character of the story."""

    model_config = ConfigDict(extra="ignore")

    name: _Name = Field(description="A name that nobody else in the story has")
    gender: _Line = Field("", description="Grammatical gender, such as girl or male")
    who: _Line = Field("", description="Who this is, in a few words")
    wants: _Line = Field("", description="What this character wants in the chapter")
    speech: _Line = Field("", description="How this character speaks")


def _distinct(cast: list[CastMember]) -> list[CastMember]:
    """The first of each name: two of one name would be one to a reader."""
    known: dict[str, CastMember] = {}
    for one in cast:
        known.setdefault(one.name.casefold(), one)
    return list(known.values())[:MOST_CAST]


class StoryBible(BaseModel):
    """Cast, setting, what comes back, the last image of the chapter, the threads that are open."""

    model_config = ConfigDict(extra="ignore")

    cast: Annotated[list[CastMember], AfterValidator(_distinct)] = Field(
        default_factory=list, max_length=40, description="Who is in the story"
    )
    setting: _Line = Field("", description="Where and when it is, in a sentence")
    returning: _Line = Field("", description="One object or joke that comes back")
    last_image: _Line = Field("", description="What the chapter ends with, as a picture")
    threads: Annotated[list[_Line], AfterValidator(lambda threads: threads[:_MOST_THREADS])] = Field(
        default_factory=list, max_length=40, description="What is still open at the end of the chapter"
    )


def carry_over(before: StoryBible | None, planned: StoryBible) -> StoryBible:
    """A new chapter's bible: whoever was there keeps gender and character, and only wants something new."""
    if before is None:
        return planned
    wants = {one.name.casefold(): one.wants for one in planned.cast}
    known = [
        one.model_copy(update={"wants": wants.get(one.name.casefold()) or one.wants}) for one in before.cast
    ]
    return StoryBible(
        cast=[*known, *planned.cast],
        setting=planned.setting or before.setting,
        returning=before.returning or planned.returning,
        last_image=planned.last_image,
        threads=planned.threads,
    )
