"""Base of the story format, common to all models: everything but the writing."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from workflows.errors import InvalidInput
from workflows.formats.base import Format
from workflows.formats.exports import Exporter
from workflows.formats.settings import FormatSettings
from workflows.formats.story.book import EXPORTS
from workflows.formats.story.consent import ConsentRule
from workflows.formats.story.input import StoryInput
from workflows.formats.story.metrics import story_metrics
from workflows.formats.story.reading import plan_scenes
from workflows.formats.story.references import resolve_references
from workflows.formats.story.settings import ConsentSettings
from workflows.lookups import Lookups
from workflows.models.parameters import RoleParameters
from workflows.models.spec import ModelSpec
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.state import State


class ChapterFormat(Format[StoryInput]):
    """Name, input, readers and metrics of a chapter; subclasses write for their kinds of models."""

    name = "story"
    path = "stories"
    title = "A chapter of a child’s story"
    parameters: ClassVar[RoleParameters] = {
        "outline": {"temperature": 0.9},
        "writing": {"temperature": 0.9},
        "derived": {"temperature": 0.7},
    }
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
    Settings: ClassVar[type[FormatSettings]] = ConsentSettings

    def __init__(self, consent: ConsentRule = ConsentRule()) -> None:  # noqa: B008
        self.consent = consent

    def configure(self, settings: Any) -> Self:
        """The format with what an operator asks of parents (`ConsentSettings`)."""
        return type(self)(ConsentRule(is_required=settings.require_consent))

    def parse(self, inputs: Mapping[str, Any]) -> StoryInput:
        """The input, with a theme or a stored story that has one; the chapter is one of as many as there will be."""
        parsed = super().parse(inputs)
        if not parsed.theme and parsed.story_session_id is None:
            raise InvalidInput.of("input.theme", "This is needed, unless a story_session_id is given")
        if parsed.chapter_count is not None and parsed.chapter_number > parsed.chapter_count:
            message = (
                f"This should be at least {parsed.chapter_number}, the chapter_number; leave it out to go on"
            )
            raise InvalidInput.of("input.chapter_count", message)
        return parsed

    def language(self, inputs: StoryInput) -> str:
        """The reader's language."""
        return inputs.reader.language

    def plan_words(self, inputs: StoryInput) -> int:
        """The bible and the scenes."""
        del inputs
        return 450

    def results_words(self, inputs: StoryInput) -> int:
        """The choices, and words with their meanings."""
        del inputs
        return 150

    def expected_words(self, inputs: StoryInput) -> int:
        """The words of all scenes."""
        scenes, words = plan_scenes(inputs.reader, inputs.length)
        return scenes * words

    async def resolve(self, inputs: StoryInput, lookups: Lookups, owner: str) -> StoryInput:
        """The input with the stored child's profile, and the stored story's chapters so far."""
        return await resolve_references(inputs, lookups, owner, self.consent)

    def part_of(self, inputs: StoryInput) -> tuple[str, int] | None:
        """The place of the chapter in a stored story."""
        return (inputs.story_session_id, inputs.chapter_number) if inputs.story_session_id else None

    def without_part(self, stored: Mapping[str, Any], number: int) -> Mapping[str, Any]:
        """The stored input without what an earlier chapter told."""
        match stored:
            case {"earlier": list(earlier)}:
                return {**stored, "earlier": [each for each in earlier if not _is_chapter(each, number)]}
            case _:
                return stored

    def check_model(self, inputs: StoryInput, model: ModelSpec) -> None:
        """Refuses the embedded model for other languages than English."""
        if model.provider == "embedded" and inputs.reader.language != "en":
            message = "the built-in model writes English (en) only; set STORYWIRE_MODEL to a larger one"
            raise InvalidInput.of("input.reader.language", message)

    def policy(self, inputs: StoryInput) -> Policy:
        """The children's policy, for a reader of this age."""
        return load_policy("child", inputs.reader.age)

    def metrics(self, inputs: StoryInput, state: State) -> dict[str, Any]:
        """Reading time at the reader's own speed, vocabulary level, grade, repetition, words by section."""
        return story_metrics(inputs, state)


def _is_chapter(stored: object, number: int) -> bool:
    """Whether a stored recap is that chapter's."""
    match stored:
        case {"number": found}:
            return bool(found == number)
        case _:
            return False
