"""The format."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Self

from langchain_core.messages import HumanMessage
from pydantic import BaseModel, ConfigDict, Field

from storywire import (
    Format,
    Lookups,
    Model,
    Outline,
    Plan,
    PlannedSection,
    Policy,
    SafetyIssue,
    Section,
    SectionTask,
    State,
    count_words,
    find_named,
    load_policy,
    reading_grade,
    stream_text,
    text_of,
    vocabulary_level,
)

from .settings import PostcardSettings, read_addresses


class PostcardInput(BaseModel):
    """Whom to write to, and what about."""

    model_config = ConfigDict(extra="forbid")

    address_id: str | None = Field(None, max_length=64, description="Somebody in the address book")
    to: str = Field("you", max_length=80, description="Who gets the card")
    about: str = Field(min_length=2, max_length=200, description="What it should tell")


class PostcardFormat(Format[PostcardInput]):
    """One paragraph."""

    name = "postcard"
    path = "postcards"
    title = "A postcard"
    Input = PostcardInput
    Settings = PostcardSettings
    example = {"about": "the sea", "to": "Grandma"}
    default_cache = "use"

    def __init__(self, addresses: Mapping[str, str] | None = None) -> None:
        self.addresses = addresses or {}

    def configure(self, settings: PostcardSettings) -> Self:
        """With the operator's address book."""
        return type(self)(read_addresses(settings.addresses))

    async def resolve(self, inputs: PostcardInput, lookups: Lookups, owner: str) -> PostcardInput:
        """The name in the place of the address."""
        if inputs.address_id is None:
            return inputs
        found = await find_named(lookups, owner, "address", inputs.address_id, "input.address_id")
        return inputs.model_copy(update={"to": found["name"]})

    def policy(self, inputs: PostcardInput) -> Policy:
        """Fit for children, who may read along."""
        return load_policy("child")

    async def plan(self, inputs: PostcardInput, model: Model) -> Plan:
        """The text of a card is one section."""
        card = PlannedSection(index=0, title="Card", summary=inputs.about, target_words=40)
        return Plan(Outline(title=f"A card to {inputs.to}", sections=[card]))

    def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str]:
        """The card."""
        inputs = self.parse(task["input"])
        words = task["ask_words"]
        return _ask(model, f"Write a postcard to {inputs.to} about {inputs.about}, about {words} words.")

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str]:
        """The card again."""
        return _ask(model, f"Rewrite this postcard. {issues[0]['advice']}\n\n{section['text']}")

    def metrics(self, inputs: PostcardInput, state: State) -> dict[str, Any]:
        """The four that every format has."""
        text = text_of(state["sections"])
        return {
            "word_count": count_words(text),
            "estimated_reading_time": round(count_words(text) / 200, 1),
            "vocabulary_level": vocabulary_level(reading_grade(text)),
            "educational_elements": [],
        }


def _ask(model: Model, prompt: str) -> AsyncGenerator[str]:
    return stream_text(model, [HumanMessage(prompt)])
