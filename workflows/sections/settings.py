"""Settings of sections, in place of what each format says."""

from pydantic import BaseModel, Field


class SectionSettings(BaseModel):
    """Number of rewrites of sections, and of words that each is shown of the text before it."""

    revisions: int | None = Field(
        None,
        ge=0,
        le=3,
        description="How often a format's own review may have sections written again; as the format says by default",
    )
    context_words: int | None = Field(
        None,
        ge=800,
        le=100_000,
        description="Words up to which a section is shown the whole text before it; as the format says by default",
    )
