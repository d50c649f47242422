"""Schemas of structured output: a chapter's plan and its choices."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from workflows.formats.story.bible import StoryBible
from workflows.formats.story.input import SUMMARY

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]


class StoryScene(BaseModel):
    """A scene of the plan."""

    title: _Line
    summary: _Line


class VocabularyWord(BaseModel):
    """A vocabulary word for the reader."""

    word: _Line
    definition: _Line


def _require_all(schema: dict[str, Any]) -> None:
    """A model is asked for every field; a reply without some of them is still taken."""
    schema["required"] = list(schema["properties"])


class StoryOutline(BaseModel):
    """The plan of a chapter."""

    model_config = ConfigDict(json_schema_extra=_require_all)

    title: _Line
    bible: StoryBible = Field(default_factory=StoryBible)
    scenes: list[StoryScene] = Field(min_length=3, max_length=5)
    educational_elements: list[_Line] = Field(max_length=6)
    vocabulary_words: Annotated[
        list[VocabularyWord], Field(max_length=5), AfterValidator(lambda words: words[:3])
    ]
    """Three at most are kept. One too many, or too few, is not worth a second plan."""


class StoryChoice(BaseModel):
    """A choice of how the story continues."""

    text: _Line
    description: _Line


class StoryChoices(BaseModel):
    """The question at the end of a chapter, its answers, and what a next chapter goes on from."""

    model_config = ConfigDict(json_schema_extra=_require_all)

    question: _Line
    choices: list[StoryChoice] = Field(min_length=2, max_length=4)
    summary: Annotated[str, StringConstraints(strip_whitespace=True, max_length=SUMMARY)] = ""
    """What really happened; without it the plan's summaries stand in."""
    open_threads: list[_Line] | None = Field(None, max_length=20)
    closed_threads: list[_Line] | None = Field(None, max_length=20)
