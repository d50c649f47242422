"""Settings of a provider's moderation."""

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator


@dataclass(frozen=True, slots=True)
class SentenceModeration:
    """Limits for the moderation of sentences while they stream. A sentence waits for its answer for so many `seconds`;
    without one, what follows is held to the end of its section if it `holds`, else shown by the local rules alone."""

    seconds: float
    holds: bool


class ModerationSettings(BaseModel):
    """Moderation by a provider, at the end of a text and while it streams."""

    moderation: Literal["off", "openai"] = Field(
        "off", description="openai: ask OpenAI's moderation too, where OpenAI writes the text"
    )
    moderation_sentences: Literal["off", "show", "hold"] = Field(
        "off",
        description="show or hold: ask about each sentence before it is shown too; what gets no answer in time is "
        "shown by the local rules alone, or held to the end of its section",
    )
    moderation_delay: float = Field(
        2.0, ge=0.1, le=60, description="Seconds that a sentence waits for the answer of moderation, at most"
    )

    @property
    def sentence_moderation(self) -> SentenceModeration | None:
        """The limits for sentences; None where only whole texts are moderated."""
        if self.moderation_sentences == "off":
            return None
        return SentenceModeration(self.moderation_delay, holds=self.moderation_sentences == "hold")

    @model_validator(mode="after")
    def _has_a_provider(self) -> Self:
        if self.moderation_sentences != "off" and self.moderation == "off":
            raise ValueError(
                "STORYWIRE_MODERATION_SENTENCES asks a provider, and STORYWIRE_MODERATION names none; set it to openai"
            )
        return self
