"""Input of a lesson."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from workflows.text.json_values import trimmed

ContentType = Literal["faq", "lifestyle", "medication", "pre_surgery", "post_surgery", "general"]
Speakers = Literal["doctor_patient", "patients", "single"]
LessonLanguage = Literal["en", "he"]

_Line = Annotated[str, trimmed(200)]


class LessonDocument(BaseModel):
    """An inline document that the lesson is made from."""

    model_config = ConfigDict(extra="forbid")

    title: _Line = Field(description="What the document is called")
    text: Annotated[str, trimmed(100_000_000)] = Field(description="Its text, Markdown or plain")


class LessonInput(BaseModel):
    """Input of a lesson from a document, stored or inline."""

    model_config = ConfigDict(extra="forbid")

    knowledge_id: Annotated[str, trimmed(64)] | None = Field(
        None, description="ID of a stored document (POST /api/v1/documents)"
    )
    document: LessonDocument | None = Field(
        None,
        validate_default=True,
        description="A document sent along, in place of knowledge_id",
        json_schema_extra={"personal": True},
    )
    content_type: ContentType = Field("general", description="What kind of lesson it is")
    speakers: Speakers = Field("doctor_patient", description="Who speaks")
    target_minutes: int = Field(5, ge=1, le=60, description="How long it takes to say, 1 to 60")
    custom_prompt: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] | None = Field(
        None, description="What else to mind, such as who listens", json_schema_extra={"personal": True}
    )
    language: LessonLanguage | None = Field(
        None, description="en or he; by default the document's language, if it is one of them"
    )

    @field_validator("document")
    @classmethod
    def _check_one_source(
        cls, document: LessonDocument | None, info: ValidationInfo
    ) -> LessonDocument | None:
        if "knowledge_id" in info.data and (document is None) == (info.data["knowledge_id"] is None):
            raise ValueError("give either knowledge_id, a stored document's, or document {title, text}")
        return document
