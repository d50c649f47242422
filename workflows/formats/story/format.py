"""The story format: a chapter of a child's story, with choices for the next one."""

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from workflows.errors import FieldError, InvalidInput
from workflows.formats.base import Format, Plan
from workflows.formats.exports import Exporter
from workflows.formats.recap import neighbours
from workflows.formats.story import small
from workflows.formats.story.answers import Choices, StoryOutline
from workflows.formats.story.book import EXPORTS
from workflows.formats.story.input import StoryInput
from workflows.formats.story.metrics import story_metrics
from workflows.formats.story.references import resolve_references
from workflows.lookups import Library
from workflows.messages.messages import PlannedSection, SafetyIssue
from workflows.models.calls.calls import ask, stream_text
from workflows.models.clients.catalog import Model
from workflows.models.spec import ModelSpec
from workflows.prompts import Prompts
from workflows.safety.policy import Policy, load_policy
from workflows.state import Outline, Section, SectionTask, State, summary_of, text_of
from workflows.text.words import last_paragraph

_LANGUAGES = {"en": "English", "he": "Hebrew"}
_SCENES = 4
# Words a scene, by reading level: what a child of that level reads in one sitting, over four scenes.
_SCENE_WORDS = {"beginner": 90, "intermediate": 160, "advanced": 260}
_PROMPTS = Prompts(Path(__file__).parent / "prompts" / "standard")


class StoryFormat(Format[StoryInput]):
    """3–5 scenes, then a question, choices, and words to learn."""

    name = "story"
    path = "stories"
    title = "A chapter of a child's story"
    Input = StoryInput
    example: ClassVar[dict[str, Any]] = {
        "theme": "a lighthouse on the moon",
        "reader": {
            "name": "Maya",
            "age": 7,
            "reading_level": "beginner",
            "interests": ["stars", "cats"],
            "vocabulary_level": 40,
        },
        "custom_user_input": "The cat wants to steer the light.",
    }

    exports: ClassVar[Mapping[str, Exporter]] = EXPORTS

    def language(self, given: StoryInput) -> str:
        """The reader's."""
        return given.reader.language

    async def resolve(self, given: StoryInput, library: Library, owner: str) -> StoryInput:
        """The stored child's profile, and the stored story's chapters so far."""
        return await resolve_references(given, library, owner)

    def part_of(self, given: StoryInput) -> tuple[str, int] | None:
        """The chapter of a stored story."""
        return (given.story_session_id, given.chapter_number) if given.story_session_id else None

    def check_model(self, given: StoryInput, model: ModelSpec) -> None:
        """The embedded model writes English only."""
        if model.provider == "embedded" and given.reader.language != "en":
            message = "the built-in model writes English (en) only; set STORYWIRE_MODEL to a larger one"
            raise InvalidInput(
                f"input.reader.language: {message}", (FieldError("input.reader.language", message),)
            )

    def policy(self, given: StoryInput) -> Policy:
        """Children's policy, for a reader of this age."""
        return load_policy("child", given.reader.age)

    async def plan(self, given: StoryInput, model: Model) -> Plan:
        """Four scenes. Titles and summaries are the model's, lengths are ours."""
        if model.tier == "embedded":
            return await small.plan(given, model)
        answer = await ask(
            model,
            StoryOutline,
            _PROMPTS.messages(
                "outline", input=given, language=_LANGUAGES[given.reader.language], scenes=_SCENES
            ),
        )
        words = _SCENE_WORDS[given.reader.reading_level]
        outline = Outline(
            title=given.title or answer.title,
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
        """One scene, from the plan and the last paragraph before it."""
        if model.tier == "embedded":
            return small.write(task, model)
        given = self.parse(task["input"])
        messages = _PROMPTS.messages(
            "section",
            input=given,
            language=_LANGUAGES[given.reader.language],
            outline=task["outline"],
            scenes=neighbours(task["outline"], task["index"]),
            section=task["outline"]["sections"][task["index"]],
            ask_words=task["ask_words"],
            words=[word["word"] for word in task["notes"].get("vocabulary_words", [])],
            last_paragraph=task["last_paragraph"],
        )
        return stream_text(model, messages)

    def extend(self, task: SectionTask, text: str, words: int, model: Model) -> AsyncGenerator[str] | None:
        """The end of a scene that came out too short."""
        given = self.parse(task["input"])
        messages = _PROMPTS.messages(
            "extend",
            input=given,
            language=_LANGUAGES[given.reader.language],
            outline=task["outline"],
            section=task["outline"]["sections"][task["index"]],
            ending="\n\n".join(text.split("\n\n")[-2:]),
            words=words,
        )
        return stream_text(model, messages)

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str]:
        """The scene again, with an editor's notes. The embedded model can't take notes: it writes it anew."""
        if model.tier == "embedded":
            return small.write(task, model)
        given = self.parse(task["input"])
        messages = _PROMPTS.messages(
            "rewrite",
            input=given,
            language=_LANGUAGES[given.reader.language],
            text=section["text"],
            issues=issues,
        )
        return stream_text(model, messages)

    async def derive(self, given: StoryInput, state: State, model: Model) -> dict[str, Any]:
        """`choice_question`, `choices`, `vocabulary_words`, and `summary`, which later chapters go on from."""
        if model.tier == "embedded":
            return await small.derive(given, state, model)
        answer = await ask(
            model,
            Choices,
            _PROMPTS.messages(
                "choices",
                input=given,
                language=_LANGUAGES[given.reader.language],
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

    def metrics(self, given: StoryInput, state: State) -> dict[str, Any]:
        """Reading time at the reader's own speed, vocabulary level, grade, repetition, words a section."""
        return story_metrics(given, state)
