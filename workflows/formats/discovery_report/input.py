"""Input of a discovery report: the profile of a person."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from workflows.formats.toolkit.languages import Language
from workflows.text.json_values import trimmed

_Line = Annotated[str, trimmed(200, shortest=2)]
_Text = Annotated[str, trimmed(3000, shortest=2)]
Trait = Annotated[str, trimmed(600)]


class DiscoveryInput(BaseModel):
    """Profile of a would-be founder: person, means and place."""

    model_config = ConfigDict(extra="forbid")

    goal_type: _Line = Field(
        description="What it is for, e.g. a side income, a company that grows, an impact"
    )
    time_commitment: _Line = Field(description="How much time there is, e.g. 10 hours a week, full time")
    budget_range: _Line = Field(description="What may be spent before it earns, e.g. under 1,000 euros")
    interest_area: _Line = Field(description="The field, e.g. education, energy, food")
    sub_interest_area: _Line | None = Field(None, description="A corner of it, e.g. language learning")
    work_style: _Line = Field(
        description="How they like to work, e.g. alone, with a co-founder, with customers"
    )
    skill_strength: list[_Line] = Field(
        min_length=1, max_length=12, description="What they are good at; one or several"
    )
    experience_summary: _Text = Field(
        description="What they have done so far", json_schema_extra={"personal": True}
    )
    founder_psychology: dict[_Line, Trait] | _Text | None = Field(
        None,
        description="How they deal with risk, setbacks, people; free text, or traits by name",
        json_schema_extra={"personal": True},
    )
    language: Language = Field("en", description="Language of the report")
    search: Literal["auto", "off"] = Field(
        "auto",
        description="auto: search the web for the field where the model's provider offers it; one more call",
    )

    @field_validator("skill_strength", mode="before")
    @classmethod
    def _listed(cls, given: Any) -> Any:
        """A string as a list of one, or of several separated by commas."""
        if not isinstance(given, str):
            return given
        return [part.strip() for part in given.split(",") if part.strip()]
