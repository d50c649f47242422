"""What a story chapter is asked for with."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class Reader(BaseModel):
    """The child who reads."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)] = Field(
        "Alex", description="First name; the hero may bear it", json_schema_extra={"personal": True}
    )
    age: int = Field(7, ge=3, le=14, description="Years, 3 to 14")
    reading_level: Literal["beginner", "intermediate", "advanced"] = "intermediate"
    language: Literal["en", "he"] = Field("en", description="Language of the story: English or Hebrew")
    interests: list[Short] = Field(default_factory=list, max_length=10, description="What the child likes")
    vocabulary_level: int = Field(50, ge=0, le=100, description="0 (few words) to 100 (all of them)")


class StoryInput(BaseModel):
    """One chapter of a child's story."""

    model_config = ConfigDict(extra="forbid")

    theme: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=120)] = Field(
        description="What the story is about, 2 to 120 characters"
    )
    reader: Reader = Field(default_factory=lambda: Reader.model_validate({}), description="Who reads")
    chapter_number: int = Field(1, ge=1, le=200)
    title: Short | None = Field(None, description="The chapter's title, if it is settled already")
    custom_user_input: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] | None = (
        Field(None, description="What the child says should happen", json_schema_extra={"personal": True})
    )
