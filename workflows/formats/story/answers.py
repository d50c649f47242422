"""Schemas of structured output: a chapter's plan and its choices."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]


class StoryScene(BaseModel):
    """A scene of the plan."""

    title: _Line
    summary: _Line


class VocabularyWord(BaseModel):
    """A vocabulary word for the reader."""

    word: _Line
    definition: _Line


class StoryOutline(BaseModel):
    """The plan of a chapter."""

    title: _Line
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
    """The question at the end of a chapter, and its answers."""

    question: _Line
    choices: list[StoryChoice] = Field(min_length=2, max_length=4)
