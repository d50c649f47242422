"""Schemas of structured output: the lesson's plan."""

from pydantic import BaseModel, Field, create_model

from workflows.formats.toolkit.answer_fields import AnswerLine


class PlannedPart(BaseModel):
    """The plan of a section, for one part of the document."""

    title: AnswerLine
    summary: AnswerLine


class LessonOutline(BaseModel):
    """The plan: as many parts as the document was divided into."""

    title: AnswerLine
    parts: list[PlannedPart]


def outline_of(parts: int) -> type[LessonOutline]:
    """The schema of a plan with exactly so many parts."""
    return create_model(
        "LessonOutline",
        __base__=LessonOutline,
        parts=(list[PlannedPart], Field(min_length=parts, max_length=parts)),
    )
