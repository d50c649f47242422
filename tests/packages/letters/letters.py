"""A letter in three paragraphs, as a Storywire format."""

from collections.abc import AsyncGenerator
from typing import Any

from langchain_core.messages import HumanMessage
from pydantic import BaseModel, ConfigDict, Field

from workflows.errors import FieldError, InvalidInput
from workflows.formats.base import Format, Plan
from workflows.messages.messages import PlannedSection, SafetyIssue
from workflows.models.calls.calls import stream_text
from workflows.models.clients.catalog import Model
from workflows.models.spec import ModelSpec
from workflows.safety.policy import Policy, load_policy
from workflows.state import Outline, Section, SectionTask, State, text_of
from workflows.text.readability import reading_grade, vocabulary_level
from workflows.text.words import count_words

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

    def check_model(self, given: LetterInput, model: ModelSpec) -> None:
        """The embedded model can't follow these prompts."""
        if model.provider == "embedded":
            message = "letters need a larger model than the built-in one"
            raise InvalidInput(f"options.model: {message}", (FieldError("options.model", message),))

    def policy(self, given: LetterInput) -> Policy:
        """Fit for children, who may read along."""
        return load_policy("child")

    async def plan(self, given: LetterInput, model: Model) -> Plan:
        """Always the same three parts, so no model is asked."""
        sections = [
            PlannedSection(index=index, title=title, summary=title, target_words=words)
            for index, (title, words) in enumerate(PARTS.items())
        ]
        return Plan(Outline(title=f"A letter to {given.to}", sections=sections))

    def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str]:
        """One part, going on from the last paragraph before it."""
        given = self.parse(task["input"])
        part = task["outline"]["sections"][task["index"]]
        return self._ask(
            model,
            f"Write the part “{part['title']}” of a letter to {given.to} about {given.about}, "
            f"about {task['ask_words']} words, text only. What comes before it: {task['last_paragraph']}",
        )

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str]:
        """The part again, without what the safety check found fault with."""
        advice = " ".join(issue["advice"] for issue in issues)
        return self._ask(model, f"Rewrite this part of a letter. {advice}\n\n{section['text']}")

    def metrics(self, given: LetterInput, state: State) -> dict[str, Any]:
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
