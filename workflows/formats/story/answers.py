"""Schemas of structured output: a chapter's plan and its choices."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from workflows.formats.story.bible import StoryBible, clean_bible, clean_threads
from workflows.formats.story.input import SUMMARY
from workflows.formats.toolkit.answer_fields import AnswerLine, First, as_line, as_list, clip

_MOST_ELEMENTS, _MOST_WORDS, _MOST_CHOICES = 6, 3, 4
_MOST_THREADS = 20


_Texts = Annotated[list[AnswerLine], BeforeValidator(lambda given: [as_line(one) for one in as_list(given)])]
_ThreadList = Annotated[
    Annotated[list[AnswerLine], First(_MOST_THREADS)] | None,
    BeforeValidator(lambda given: None if given is None else clean_threads(given)),
]
"""Threads at the end of a chapter; none where the model didn't say."""


class StoryScene(BaseModel):
    """A scene of the plan."""

    title: AnswerLine
    summary: AnswerLine


class VocabularyWord(BaseModel):
    """A vocabulary word for the reader."""

    word: AnswerLine
    definition: AnswerLine


def _different(words: list[VocabularyWord]) -> list[VocabularyWord]:
    known: dict[str, VocabularyWord] = {}
    for one in words:
        known.setdefault(one.word.casefold(), one)
    return list(known.values())


def _require_all(schema: dict[str, Any]) -> None:
    """A model is asked for every field; a reply without some of them is still taken."""
    schema["required"] = list(schema["properties"])


class StoryOutline(BaseModel):
    """The plan of a chapter."""

    model_config = ConfigDict(json_schema_extra=_require_all)

    title: AnswerLine
    bible: Annotated[StoryBible, BeforeValidator(clean_bible)] = Field(default_factory=StoryBible)
    scenes: list[StoryScene] = Field(min_length=3, max_length=5)
    """One too many isn't cut: the end of the chapter stands in the last one."""
    educational_elements: Annotated[_Texts, First(_MOST_ELEMENTS)]
    vocabulary_words: Annotated[
        list[VocabularyWord], BeforeValidator(as_list), AfterValidator(_different), First(_MOST_WORDS)
    ]
    """One too many, or too few, is not worth a second plan."""


class StoryChoice(BaseModel):
    """A choice of how the story continues."""

    text: AnswerLine
    description: AnswerLine


class StoryChoices(BaseModel):
    """The question at the end of a chapter, its answers, and what a next chapter goes on from."""

    model_config = ConfigDict(json_schema_extra=_require_all)

    question: AnswerLine
    choices: Annotated[list[StoryChoice], Field(min_length=2), First(_MOST_CHOICES)]
    summary: Annotated[str, BeforeValidator(lambda given: clip(as_line(given) or "", SUMMARY))] = ""
    """What really happened; without it the plan's summaries stand in."""
    open_threads: _ThreadList = None
    closed_threads: _ThreadList = None
