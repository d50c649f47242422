"""What a model is asked for as structured output: the plan and the choices."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]


class Scene(BaseModel):
    """One scene of the plan."""

    title: Line
    summary: Line


class VocabularyWord(BaseModel):
    """A word to learn."""

    word: Line
    definition: Line


class StoryOutline(BaseModel):
    """The plan of a chapter."""

    title: Line
    scenes: list[Scene] = Field(min_length=3, max_length=5)
    educational_elements: list[Line] = Field(max_length=6)
    vocabulary_words: Annotated[
        list[VocabularyWord], Field(max_length=5), AfterValidator(lambda words: words[:3])
    ]
    """Three at most are kept. One too many, or too few, is not worth a second plan."""


class Choice(BaseModel):
    """One way in which the story may go on."""

    text: Line
    description: Line


class Choices(BaseModel):
    """The question at the end of a chapter, and its answers."""

    question: Line
    choices: list[Choice] = Field(min_length=2, max_length=4)
