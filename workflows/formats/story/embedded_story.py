"""The story format's variant for the embedded model.

The prompts for large models don't work at its size: it is given examples, a plan whose shape forces
a plot, and it writes a page paragraph by paragraph.
"""

from collections.abc import AsyncGenerator
from typing import Any

from workflows.formats.base import Plan
from workflows.formats.story.chapter import ChapterFormat
from workflows.formats.story.embedded import StoryWish, offer_choices, plan_story, scene_page
from workflows.formats.story.input import StoryInput
from workflows.messages.messages import PlannedSection, SafetyIssue
from workflows.models.calls.patience import guard, limit
from workflows.models.clients.catalog import Model
from workflows.models.embedded.prose import write_prose
from workflows.state import Outline, Section, SectionTask, State, summary_of

_SCENE_WORDS = 90


class EmbeddedStory(ChapterFormat):
    """The same chapter, planned and written with prompts for the embedded model."""

    async def plan(self, inputs: StoryInput, model: Model) -> Plan:
        """A plot of four scenes; each summary is its scene's first line."""
        last = inputs.earlier[-1] if inputs.earlier else None
        wish = StoryWish(
            theme=inputs.theme,
            name=inputs.reader.name,
            age=inputs.reader.age,
            interests=inputs.reader.interests,
            chapter_number=inputs.chapter_number,
            title=inputs.title,
            custom_input=inputs.custom_user_input or (last.choice if last else None),
            hero=last.hero if last else None,
            before=last.title if last else None,
        )
        plot = await limit(model, plan_story(model.metered_chat, wish))
        outline = Outline(
            title=plot.title,
            sections=[
                PlannedSection(
                    index=index, title=scene.title, summary=scene.summary, target_words=_SCENE_WORDS
                )
                for index, scene in enumerate(plot.scenes)
            ],
        )
        return Plan(outline, {"hero": plot.hero})

    def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str]:
        """A scene, which begins with its line of the plan."""
        sections, index = task["outline"]["sections"], task["index"]
        page = scene_page(
            name=StoryInput.model_validate(task["input"]).reader.name,
            hero=task["notes"]["hero"],
            index=index,
            summary=sections[index]["summary"],
            before=sections[index - 1]["summary"] if index else None,
            target_words=sections[index]["target_words"],
        )
        return guard(model, write_prose(model.metered_chat, page))

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str]:
        """The scene written anew: this model can't follow notes."""
        del section, issues
        return self.write(task, model)

    async def derive(self, inputs: StoryInput, state: State, model: Model) -> dict[str, Any]:
        """A question and its answers. Vocabulary words are beyond this model, so there are none."""
        ending = state["outline"]["sections"][-1]["summary"]  # better choices than from what it made of it
        offered = await limit(
            model,
            offer_choices(
                model.metered_chat, name=inputs.reader.name, theme=inputs.theme, ending_text=ending
            ),
        )
        return {
            "choice_question": offered.question,
            "choices": [
                {"text": choice.text, "description": choice.description} for choice in offered.choices
            ],
            "vocabulary_words": [],
            "summary": summary_of(state["outline"]),
            "hero": state["notes"]["hero"],
        }
