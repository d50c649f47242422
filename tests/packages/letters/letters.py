"""A letter in three paragraphs, as a Storywire format."""

from collections.abc import AsyncGenerator
from typing import Any

from langchain_core.messages import HumanMessage
from pydantic import BaseModel, ConfigDict, Field

from storywire import (
    FieldError,
    Format,
    InvalidInput,
    Model,
    ModelSpec,
    Outline,
    Plan,
    PlannedSection,
    Policy,
    SafetyIssue,
    Section,
    SectionTask,
    State,
    count_words,
    load_policy,
    reading_grade,
    stream_text,
    text_of,
    vocabulary_level,
)

PARTS = {"Greeting": 40, "News": 120, "Farewell": 40}


class LetterInput(BaseModel):
    """Whom to write to, and what about."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field(min_length=1, max_length=80, description="Who gets the letter")
    about: str = Field(min_length=2, max_length=400, description="What it should tell")


class LetterFormat(Format[LetterInput]):
    """Greeting, news, farewell."""

    name = "letter"
    path = "letters"
    monthly_limit = 100
    title = "A letter"
    Input = LetterInput
    example = {"to": "Grandma", "about": "our first week by the sea"}

    def check_model(self, inputs: LetterInput, model: ModelSpec) -> None:
        """The embedded model can't follow these prompts."""
        if model.provider == "embedded":
            message = "letters need a larger model than the built-in one"
            raise InvalidInput(f"options.model: {message}", (FieldError("options.model", message),))

    def policy(self, inputs: LetterInput) -> Policy:
        """Fit for children, who may read along."""
        return load_policy("child")

    async def plan(self, inputs: LetterInput, model: Model) -> Plan:
        """Always the same three parts, so no model is asked."""
        sections = [
            PlannedSection(index=index, title=title, summary=title, target_words=words)
            for index, (title, words) in enumerate(PARTS.items())
        ]
        return Plan(Outline(title=f"A letter to {inputs.to}", sections=sections))

    def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str]:
        """One part, going on from the last paragraph before it."""
        inputs = self.parse(task["input"])
        part = task["outline"]["sections"][task["index"]]
        return self._ask(
            model,
            f"Write the part “{part['title']}” of a letter to {inputs.to} about {inputs.about}, "
            f"about {task['ask_words']} words, text only. What comes before it: {task['last_paragraph']}",
        )

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str]:
        """The part again, without what the safety check found fault with."""
        advice = " ".join(issue["advice"] for issue in issues)
        return self._ask(model, f"Rewrite this part of a letter. {advice}\n\n{section['text']}")

    def metrics(self, inputs: LetterInput, state: State) -> dict[str, Any]:
        """The four that every format has."""
        text = text_of(state["sections"])
        return {
            "word_count": count_words(text),
            "estimated_reading_time": round(count_words(text) / 200, 1),
            "vocabulary_level": vocabulary_level(reading_grade(text)),
            "educational_elements": [],
        }

    def _ask(self, model: Model, prompt: str) -> AsyncGenerator[str]:
        return stream_text(model, [HumanMessage(prompt)])
