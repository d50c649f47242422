"""Schemas of structured output: the lesson's plan."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, create_model

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]


class PlannedPart(BaseModel):
    """The plan of a section, for one part of the document."""

    title: _Line
    summary: _Line


class LessonOutline(BaseModel):
    """The plan: as many parts as the document was divided into."""

    title: _Line
    parts: list[PlannedPart]


def outline_of(parts: int) -> type[LessonOutline]:
    """The schema of a plan with exactly so many parts."""
    return create_model(
        "LessonOutline",
        __base__=LessonOutline,
        parts=(list[PlannedPart], Field(min_length=parts, max_length=parts)),
    )
