"""Input of a story chapter."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from workflows.formats.story.bible import StoryBible
from workflows.text.json_values import JsonModel, trimmed

_Short = Annotated[str, trimmed(80)]
ReaderName = Annotated[str, trimmed(40)]
StoryTitle = Annotated[str, trimmed(400)]
Theme = Annotated[str, trimmed(120, shortest=2)]
_CustomInput = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
StoredId = Annotated[str, StringConstraints(min_length=1, max_length=64)]

MOST_CHAPTERS = 200
SUMMARY = 1200
"""Characters of a summary at most."""


class StoryReader(JsonModel):
    """The child who reads."""

    name: ReaderName = Field(
        "Alex", description="First name; the hero may bear it", json_schema_extra={"personal": True}
    )
    gender: Literal["girl", "boy"] | None = Field(
        None,
        description="How the reader is addressed, where the language asks for it",
        json_schema_extra={"personal": True},
    )
    age: int = Field(7, ge=3, le=14, description="Years, 3 to 14", json_schema_extra={"personal": True})
    reading_level: Literal["beginner", "intermediate", "advanced"] = Field(
        "intermediate", description="How well the child reads"
    )
    language: Literal["en", "he"] = Field("en", description="Language of the story: English or Hebrew")
    interests: list[_Short] = Field(
        default_factory=list,
        max_length=10,
        description="What the child likes",
        json_schema_extra={"personal": True},
    )
    vocabulary_level: int = Field(50, ge=0, le=100, description="0 (few words) to 100 (all of them)")


class EarlierChapter(BaseModel):
    """Summary of an earlier chapter."""

    model_config = ConfigDict(extra="forbid")

    number: int = Field(ge=1, le=MOST_CHAPTERS, description="Which chapter it was, from 1")
    title: StoryTitle = Field(description="What it was called")
    summary: Annotated[str, StringConstraints(strip_whitespace=True, max_length=SUMMARY)] = Field(
        "", description="What happened"
    )
    hero: StoryTitle | None = Field(None, description="Who the hero is, without the name")
    bible: StoryBible | None = Field(
        None, description="Cast, setting and threads as `complete` had them; the last chapter's count"
    )
    choice: _CustomInput | None = Field(
        None, description="What the reader chose at its end", json_schema_extra={"personal": True}
    )


class StoryInput(BaseModel):
    """Input of a chapter of a child's story."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"anyOf": [{"required": ["theme"]}, {"required": ["story_session_id"]}]},
    )

    theme: Theme = Field(
        "",
        description="What the story is about, 2 to 120 characters; with `story_session_id` the stored story's",
        examples=["a lighthouse on the moon"],
    )
    child_id: StoredId | None = Field(None, description="A stored child who reads, in place of `reader`")
    reader: StoryReader = Field(
        default_factory=lambda: StoryReader.model_validate({}), description="Who reads"
    )
    chapter_number: int = Field(
        1, ge=1, le=MOST_CHAPTERS, description="With `story_session_id`: the next one, by itself"
    )
    chapter_count: int | None = Field(
        None,
        ge=1,
        le=MOST_CHAPTERS,
        description="How many chapters the story will have: the last one ends it. A stored story brings its own",
    )
    length: Literal["short", "usual", "long"] = Field(
        "usual", description="How long the chapter is, for a reader of this age and level"
    )
    title: _Short | None = Field(None, description="The chapter's title, if it is settled already")
    story_session_id: StoredId | None = Field(
        None, description="The stored story that this chapter goes on with"
    )
    choice_index: int | None = Field(
        None, ge=0, description="With `story_session_id`: which choice of the last chapter was taken, from 0"
    )
    custom_user_input: _CustomInput | None = Field(
        None, description="What the child says should happen", json_schema_extra={"personal": True}
    )
    earlier: list[EarlierChapter] = Field(
        default_factory=list,
        max_length=MOST_CHAPTERS,
        description="The chapters before; a stored story brings its own",
    )
