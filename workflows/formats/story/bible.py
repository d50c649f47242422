"""The bible of a story: what its scenes and chapters agree on. Pure."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
MOST_CAST = 12
_MOST_THREADS = 8


class CastMember(BaseModel):
    """Somebody in the story."""

    model_config = ConfigDict(extra="ignore")

    name: _Name
    gender: _Line = ""
    who: _Line = ""
    wants: _Line = ""
    speech: _Line = ""


def _distinct(cast: list[CastMember]) -> list[CastMember]:
    """The first of each name: two of one name would be one to a reader."""
    known: dict[str, CastMember] = {}
    for one in cast:
        known.setdefault(one.name.casefold(), one)
    return list(known.values())[:MOST_CAST]


class StoryBible(BaseModel):
    """Cast, setting, what comes back, the last image of the chapter, the threads that are open."""

    model_config = ConfigDict(extra="ignore")

    cast: Annotated[list[CastMember], AfterValidator(_distinct)] = Field(default_factory=list, max_length=40)
    setting: _Line = ""
    returning: _Line = ""
    last_image: _Line = ""
    threads: Annotated[list[_Line], AfterValidator(lambda threads: threads[:_MOST_THREADS])] = Field(
        default_factory=list, max_length=40
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
