"""The story format: a chapter of a child's story, with choices for the next one."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from workflows.formats.base import Plan
from workflows.formats.recap import neighbours
from workflows.formats.story.answers import StoryChoices, StoryOutline
from workflows.formats.story.chapter import ChapterFormat
from workflows.formats.story.embedded_story import EmbeddedStory
from workflows.formats.story.input import StoryInput
from workflows.messages.messages import PlannedSection, SafetyIssue
from workflows.models.calls.calls import ask, stream_text
from workflows.models.clients.catalog import Model
from workflows.prompts import Prompts
from workflows.state import Outline, Section, SectionTask, State, summary_of, text_of
from workflows.text.words import last_paragraph

_LANGUAGES = {"en": "English", "he": "Hebrew"}
_SCENES = 4
# Words a scene, by reading level: what a child of that level reads in one sitting, over four scenes.
_SCENE_WORDS = {"beginner": 90, "intermediate": 160, "advanced": 260}
_PROMPTS = Prompts(Path(__file__).parent / "prompts" / "standard")


class StoryFormat(ChapterFormat):
    """Chapter of 3–5 scenes, then a question, choices, and vocabulary words."""

    def for_model(self, model: Model) -> ChapterFormat:
        """The format itself, or its variant for the embedded model."""
        return EmbeddedStory() if model.tier == "embedded" else self

    async def plan(self, inputs: StoryInput, model: Model) -> Plan:
        """A plan of four scenes, with the model's titles and summaries and fixed lengths."""
        answer = await ask(
            model,
            StoryOutline,
            _PROMPTS.messages(
                "outline", input=inputs, language=_LANGUAGES[inputs.reader.language], scenes=_SCENES
            ),
        )
        words = _SCENE_WORDS[inputs.reader.reading_level]
        outline = Outline(
            title=inputs.title or answer.title,
            sections=[
                PlannedSection(index=index, title=scene.title, summary=scene.summary, target_words=words)
                for index, scene in enumerate(answer.scenes)
            ],
        )
        return Plan(
            outline,
            {
                "educational_elements": answer.educational_elements,
                "vocabulary_words": [word.model_dump() for word in answer.vocabulary_words],
            },
        )

    def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str]:
        """A scene, from the plan and the last paragraph before it."""
        inputs = self.parse(task["input"])
        messages = _PROMPTS.messages(
            "section",
            input=inputs,
            language=_LANGUAGES[inputs.reader.language],
            outline=task["outline"],
            scenes=neighbours(task["outline"], task["index"]),
            section=task["outline"]["sections"][task["index"]],
            ask_words=task["ask_words"],
            words=[word["word"] for word in task["notes"].get("vocabulary_words", [])],
            last_paragraph=task["last_paragraph"],
        )
        return stream_text(model, messages)

    def extend(self, task: SectionTask, text: str, words: int, model: Model) -> AsyncGenerator[str]:
        """The end of a scene that came out too short."""
        inputs = self.parse(task["input"])
        messages = _PROMPTS.messages(
            "extend",
            input=inputs,
            language=_LANGUAGES[inputs.reader.language],
            outline=task["outline"],
            section=task["outline"]["sections"][task["index"]],
            ending="\n\n".join(text.split("\n\n")[-2:]),
            words=words,
        )
        return stream_text(model, messages)

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str]:
        """The scene rewritten by an editor's notes."""
        inputs = self.parse(task["input"])
        messages = _PROMPTS.messages(
            "rewrite",
            input=inputs,
            language=_LANGUAGES[inputs.reader.language],
            text=section["text"],
            issues=issues,
        )
        return stream_text(model, messages)

    async def derive(self, inputs: StoryInput, state: State, model: Model) -> dict[str, Any]:
        """`choice_question`, `choices`, `vocabulary_words`, and `summary`, which later chapters continue from."""
        answer = await ask(
            model,
            StoryChoices,
            _PROMPTS.messages(
                "choices",
                input=inputs,
                language=_LANGUAGES[inputs.reader.language],
                outline=state["outline"],
                ending=last_paragraph(text_of(state["sections"])),
            ),
        )
        return {
            "choice_question": answer.question,
            "choices": [choice.model_dump() for choice in answer.choices],
            "vocabulary_words": state["notes"].get("vocabulary_words", []),
            "summary": summary_of(state["outline"]),
        }
