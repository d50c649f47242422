"""The story format: a chapter of a child's story, with choices for the next one."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from workflows.context import prompt_values, text_size, whole_text
from workflows.formats.base import Plan
from workflows.formats.form import Presentation
from workflows.formats.pieces import SectionNotes
from workflows.formats.story.answers import StoryChoices, StoryOutline
from workflows.formats.story.bible import StoryBible, carry_over, settle_threads, threads_to_close
from workflows.formats.story.chapter import ChapterFormat
from workflows.formats.story.clearance import clear_bible, clear_summary
from workflows.formats.story.embedded_story import EmbeddedStory
from workflows.formats.story.input import StoryInput
from workflows.formats.story.presentation import PRESENTATION
from workflows.formats.story.reading import divide_words, plan_scenes, reading_for
from workflows.formats.story.review import review_scenes
from workflows.formats.toolkit.measured_review import words_in
from workflows.formats.toolkit.recap import near_plan, whole_plan
from workflows.formats.toolkit.section_notes import split_section
from workflows.loop_turns import off_loop
from workflows.messages.messages import PlannedSection, SafetyIssue
from workflows.models.calls.calls import ask, stream_text
from workflows.models.clients.catalog import Model
from workflows.prompts import Prompts
from workflows.state import Outline, Section, SectionTask, State, summary_of, text_of, texts_of
from workflows.verdicts import ReviewFinding

_LANGUAGES = {"en": "English", "he": "Hebrew"}
PROMPTS = Prompts(Path(__file__).parent / "prompts" / "standard")
_CHAPTERS_FOR_SCENES = 2
"""Earlier chapters that a scene is told of; the plan knew all of them."""


class StoryFormat(ChapterFormat):
    """Chapter of 3–5 scenes, then a question, choices, and vocabulary words."""

    length_tolerance = 0.25
    least_room = 30
    presentation: ClassVar[Presentation] = PRESENTATION

    def for_model(self, model: Model) -> ChapterFormat:
        """The format itself, or its variant for the embedded model."""
        return EmbeddedStory() if model.tier == "embedded" else self

    async def plan(self, inputs: StoryInput, model: Model) -> Plan:
        """Scenes and a bible. Titles, summaries and the number of scenes are the model's, lengths are ours: a
        plan of more scenes than were asked for makes no longer chapter."""
        answer = await ask(model, StoryOutline, PROMPTS.messages("outline", **outline_values(inputs)))
        words = divide_words(inputs.reader, inputs.length, len(answer.scenes))
        outline = Outline(
            title=inputs.title or answer.title,
            sections=[
                PlannedSection(
                    index=index, title=scene.title, summary=scene.summary, target_words=words[index]
                )
                for index, scene in enumerate(answer.scenes)
            ],
        )
        before = inputs.earlier[-1].bible if inputs.earlier else None
        planned = carry_over(before, answer.bible)
        bible = await asyncio.to_thread(clear_bible, planned, self.policy(inputs))
        return Plan(
            outline,
            {
                "bible": bible.model_dump(),
                "educational_elements": answer.educational_elements,
                "vocabulary_words": [word.model_dump() for word in answer.vocabulary_words],
            },
        )

    def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str | SectionNotes]:
        """One scene, from the bible, the plan and the text before it."""
        messages = PROMPTS.messages("section", **self._values(task))
        return split_section(task, stream_text(model, messages))

    def extend(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The end of a scene that came out too short."""
        messages = PROMPTS.messages("extend", **self._values(task), text=text, words=words)
        return split_section(task, stream_text(model, messages), words)

    def land(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The end of a scene that ran over."""
        messages = PROMPTS.messages("land", **self._values(task), text=text, words=words)
        return split_section(task, stream_text(model, messages), words)

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The scene again, with an editor's notes."""
        messages = PROMPTS.messages("rewrite", **self._values(task), text=section["text"], issues=issues)
        return split_section(task, stream_text(model, messages))

    async def review_section(
        self, inputs: StoryInput, state: State, index: int, model: Model
    ) -> list[ReviewFinding]:
        """What is measured of a scene that has just been written."""
        del model
        return await asyncio.to_thread(_measure, inputs, state, index)

    async def review(self, inputs: StoryInput, state: State, model: Model) -> list[ReviewFinding]:
        """Scenes that read too hard or too easy for the reader, with sentences that are too long, or said before."""
        del model
        return await asyncio.to_thread(_measure, inputs, state)

    async def derive(self, inputs: StoryInput, state: State, model: Model) -> dict[str, Any]:
        """`choice_question`, `choices`, `vocabulary_words`; `summary` and `bible`, which later chapters go on from."""
        values = chapter_values(inputs, state["outline"], state["notes"])
        answer = await ask(
            model,
            StoryChoices,
            PROMPTS.messages(
                "choices",
                **values,
                text_so_far=await off_loop(text_size(state), whole_text, state),
                chosen=[chapter.choice for chapter in inputs.earlier if chapter.choice],
            ),
        )
        planned = StoryBible.model_validate(state["notes"].get("bible") or {})
        before = inputs.earlier[-1].bible if inputs.earlier else None
        settled = settle_threads(before, planned, answer.open_threads, answer.closed_threads)
        bible = await asyncio.to_thread(clear_bible, settled, self.policy(inputs))
        summary = await asyncio.to_thread(clear_summary, answer.summary)
        return {
            "choice_question": answer.question,
            "choices": [choice.model_dump() for choice in answer.choices],
            "vocabulary_words": await asyncio.to_thread(_words_read, state),
            "summary": summary or summary_of(state["outline"]),
            "bible": bible.model_dump(),
        }

    def _values(self, task: SectionTask) -> dict[str, Any]:
        return section_values(self.parse(task["input"]), task)


def _measure(inputs: StoryInput, state: State, only: int | None = None) -> list[ReviewFinding]:
    rewrites = not _is_embedded(state.get("notes", {}))
    return review_scenes(texts_of(state), inputs.reader, rewrites=rewrites, only=only)


def _words_read(state: State) -> list[dict[str, str]]:
    """The vocabulary words that the reader really met."""
    planned: list[dict[str, str]] = state["notes"].get("vocabulary_words", [])
    met = words_in([one["word"] for one in planned], text_of(state["sections"]))
    return [one for one in planned if one["word"] in met]


def _is_embedded(notes: Mapping[str, Any]) -> bool:
    """Whether a chapter was planned for the embedded model, which doesn't write better when it is told why."""
    return "bible" not in notes


def outline_values(inputs: StoryInput) -> dict[str, Any]:
    """What the prompt of the plan is filled in with."""
    last = inputs.earlier[-1] if inputs.earlier else None
    scenes, _ = plan_scenes(inputs.reader, inputs.length)
    return {
        **_shared(inputs),
        "chapters": inputs.earlier,
        "bible": last.bible if last else None,
        "last_choice": last.choice if last else None,
        "scenes": scenes,
    }


def chapter_values(inputs: StoryInput, outline: Outline, notes: dict[str, Any]) -> dict[str, Any]:
    """What is the same in all prompts for a chapter's text."""
    return {
        **_shared(inputs),
        "chapters": inputs.earlier[-_CHAPTERS_FOR_SCENES:],
        "outline": outline,
        "sections": whole_plan(outline),
        "bible": notes.get("bible"),
        "closing": _closing(inputs, notes),
    }


def _closing(inputs: StoryInput, notes: dict[str, Any]) -> list[str]:
    before = inputs.earlier[-1].bible if inputs.earlier else None
    planned = StoryBible.model_validate(notes.get("bible") or {})
    return threads_to_close(before, planned, is_last=_is_last(inputs))


def _is_last(inputs: StoryInput) -> bool:
    return inputs.chapter_count is not None and inputs.chapter_number >= inputs.chapter_count


def section_values(inputs: StoryInput, task: SectionTask) -> dict[str, Any]:
    """What the prompts of a scene are filled in with."""
    outline, index = task["outline"], task["index"]
    last_choice = inputs.earlier[-1].choice if inputs.earlier else None
    wishes = [wish for wish in (last_choice, inputs.custom_user_input) if wish]
    return {
        **chapter_values(inputs, outline, task["notes"]),
        "section": outline["sections"][index],
        "around": near_plan(outline, index),
        **prompt_values(task),
        "promises": wishes if index == 0 else [],
        "new_words": [word["word"] for word in task["notes"].get("vocabulary_words", [])],
        "is_end": index + 1 == len(outline["sections"]),
        "ask_words": task["ask_words"],
    }


def _shared(inputs: StoryInput) -> dict[str, Any]:
    return {
        "input": inputs,
        "language": _LANGUAGES[inputs.reader.language],
        "reading": reading_for(inputs.reader),
        "chapter_count": inputs.chapter_count,
        "is_last": _is_last(inputs),
    }
