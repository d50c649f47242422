"""The format education_audio: a script of a spoken lesson, from a document and grounded in it."""

import asyncio
import tomllib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.messages import BaseMessage

from workflows.context import prompt_values
from workflows.errors import InvalidInput
from workflows.formats.base import Format, Plan
from workflows.formats.education_audio.answers import outline_of
from workflows.formats.education_audio.cast import CASTS, ROLES, STYLE
from workflows.formats.education_audio.input import LessonDocument, LessonInput
from workflows.formats.education_audio.metrics import lesson_metrics
from workflows.formats.education_audio.planning import (
    beginning_of,
    divide_document,
    part_of,
    share_words,
    window_of,
    words_in,
)
from workflows.formats.education_audio.presentation import PRESENTATION
from workflows.formats.education_audio.review import review_lesson, review_part
from workflows.formats.exports import Exporter, Finished
from workflows.formats.form import Presentation
from workflows.formats.pieces import SectionNotes
from workflows.formats.speech.exports.exports import script_exports, warned
from workflows.formats.speech.exports.renderers import render_plain
from workflows.formats.speech.filter.lines import titles_above
from workflows.formats.speech.filter.script_filter import ScriptFilter
from workflows.formats.speech.filter.stream import filter_reply
from workflows.formats.speech.tags import vocabulary
from workflows.formats.speech.turns import Turn, parse_turns
from workflows.formats.speech.wording.addresses import list_addresses
from workflows.formats.toolkit.recap import neighbours, whole_plan
from workflows.formats.toolkit.section_notes import split_section
from workflows.lookups import Lookups, find_named
from workflows.messages.messages import PlannedSection, SafetyIssue
from workflows.models.calls.calls import ask, stream_text
from workflows.models.clients.catalog import Model
from workflows.models.parameters import RoleParameters
from workflows.models.spec import ModelSpec
from workflows.prompts import Prompts
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.untrusted.documents import examine, uncover
from workflows.state import Outline, Section, SectionTask, State
from workflows.text.language import guess_language
from workflows.text.streams.normaliser import normalise
from workflows.text.words import count_words
from workflows.verdicts import Reviewed, ReviewFinding

_FOLDER = Path(__file__).parent
_PROMPTS = Prompts(_FOLDER / "prompts" / "standard")
_LANGUAGES = {"en": "English", "he": "Hebrew"}
_JUDGING = 2.0
"""Time of a judge, as a share of that of the writing."""


def _turns_of(finished: Finished) -> list[Turn]:
    cast = CASTS[finished.input["speakers"]]
    return [turn for _, text in finished.sections for turn in parse_turns(text, cast.labels)]


def _plain(finished: Finished) -> bytes:
    return render_plain(warned(_turns_of)(finished)).encode()


class EducationAudioFormat(Format[LessonInput]):
    """Lesson of speaker-labelled turns with delivery tags; each section from its own part of the document."""

    name = "education_audio"
    title = "A spoken lesson from a document"
    parameters: ClassVar[RoleParameters] = {"outline": {"temperature": 0.3}, "writing": {"temperature": 0.4}}
    Input = LessonInput
    presentation: ClassVar[Presentation] = PRESENTATION
    example: ClassVar[dict[str, Any]] = {
        "document": {
            "title": "Before your blood test",
            "text": (
                "Eat nothing for 8 hours before the test. Water is fine. Take your usual medicines, unless your doctor "
                "told you otherwise. The test takes 5 minutes. Press on the spot for 3 minutes afterwards."
            ),
        },
        "content_type": "general",
        "speakers": "doctor_patient",
        "target_minutes": 2,
    }
    exports: ClassVar[Mapping[str, Exporter]] = {
        "plain": Exporter("txt", "text/plain; charset=utf-8", _plain),
        **script_exports(_turns_of),
    }

    async def resolve(self, inputs: LessonInput, lookups: Lookups, owner: str) -> LessonInput:
        """The input with its document found and its language settled. An inline document is examined here."""
        document = inputs.document
        if inputs.knowledge_id is not None:
            found = await find_named(lookups, owner, "document", inputs.knowledge_id, "input.knowledge_id")
            language = found.get("language")
        else:
            assert document is not None
            # Off the loop: a long document takes its time.
            document = await asyncio.to_thread(_look_over, document)
            language = guess_language(document.text)
        settled = inputs.language or (language if language in _LANGUAGES else "en")
        return inputs.model_copy(update={"language": settled, "document": document})

    async def load(self, inputs: LessonInput, lookups: Lookups, owner: str) -> LessonInput:
        """The input with the stored document in the place of its ID."""
        if inputs.knowledge_id is None:
            return inputs
        found = await lookups.find(owner, "document", inputs.knowledge_id)
        document = LessonDocument.model_construct(title=found["title"], text=found["text"])
        return inputs.model_copy(update={"document": document, "knowledge_id": None})

    def text_to_screen(self, inputs: LessonInput) -> dict[str, Any]:
        """The input without the document's text, which was examined when it was uploaded."""
        return inputs.model_dump(mode="json", exclude={"document": {"text"}})

    def language(self, inputs: LessonInput) -> str:
        """The lesson's language."""
        return inputs.language or "en"

    def check_model(self, inputs: LessonInput, model: ModelSpec) -> None:
        """Refuses the embedded model, which can't keep to a document."""
        del inputs
        if model.provider == "embedded":
            raise InvalidInput.of(
                "options.model",
                "the built-in model can't keep to a document; set STORYWIRE_MODEL to a larger one",
            )

    def policy(self, inputs: LessonInput) -> Policy:
        """The policy that allows medical words."""
        del inputs
        return load_policy("professional")

    async def plan(self, inputs: LessonInput, model: Model) -> Plan:
        """The plan: the document divided into parts, one per section; titles and summaries are the model's.

        Raises InvalidInput when it can't be told in the time.
        """
        assert inputs.document is not None
        window = window_of(model.spec)
        division = await asyncio.to_thread(
            divide_document, inputs.document.text, inputs.target_minutes, window
        )
        parts = division.parts
        answer = await ask(model, outline_of(len(parts)), self.outline_messages(inputs, parts))
        words = share_words(parts, inputs.target_minutes)
        sections = [
            PlannedSection(index=index, title=part.title, summary=part.summary, target_words=words[index])
            for index, part in enumerate(answer.parts)
        ]
        return Plan(Outline(title=answer.title, sections=sections), division.notes)

    def outline_messages(self, inputs: LessonInput, parts: list[str]) -> list[BaseMessage]:
        """The prompt for a plan, with the beginning of each part, however long the document is."""
        assert inputs.document is not None
        return _PROMPTS.messages(
            "outline",
            input=inputs,
            language=_LANGUAGES[self.language(inputs)],
            kind=_content_types()[inputs.content_type],
            title=inputs.document.title,
            parts=[{"words": count_words(part), "beginning": beginning_of(part)} for part in parts],
        )

    def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str | SectionNotes]:
        """One section from its part of the document, made ready for a voice as it comes."""
        return self._spoken(task, stream_text(model, self.section_messages(task)))

    def section_messages(self, task: SectionTask) -> list[BaseMessage]:
        """What the model is asked for a section. `task["input"]` has the document's text."""
        return _PROMPTS.messages("section", **self._values(task))

    def extend(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """More of a section that came out too short: what of its part isn't told yet."""
        values = {**self._values(task), "text": text, "words": words}
        return self._spoken(task, stream_text(model, _PROMPTS.messages("extend", **values)), words)

    def land(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The end of a section that ran over: what a patient has to know comes first."""
        values = {**self._values(task), "text": text, "words": words}
        return self._spoken(task, stream_text(model, _PROMPTS.messages("land", **values)), words)

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The section again, with an editor's notes and its part of the document."""
        values = {**self._values(task), "text": section["text"], "issues": issues}
        return self._spoken(task, stream_text(model, _PROMPTS.messages("rewrite", **values)))

    def _values(self, task: SectionTask) -> dict[str, Any]:
        """What the prompts of a section are filled in with."""
        inputs = self.parse(task["input"])
        assert inputs.document is not None
        outline, index = task["outline"], task["index"]
        return {
            "input": inputs,
            "language": _LANGUAGES[self.language(inputs)],
            "kind": _content_types()[inputs.content_type],
            "roles": ROLES[inputs.speakers],
            "tags": _tags(),
            "outline": outline,
            "sections": whole_plan(outline) or neighbours(outline, index),
            "section": next(one for one in outline["sections"] if one["index"] == index),
            "words": task["ask_words"],
            "part": part_of(task, inputs.document.text),
            "last_turn": task["last_paragraph"],
            **prompt_values(task),
        }

    def plan_words(self, inputs: LessonInput) -> int:
        """A title and a sentence for each part."""
        return 40 + 10 * inputs.target_minutes

    def results_words(self, inputs: LessonInput) -> int:
        """Nothing is made of the text."""
        del inputs
        return 0

    def expected_words(self, inputs: LessonInput) -> int:
        """The words that are said in the time."""
        return words_in(inputs.target_minutes)

    def review_share(self, *, judges: bool) -> float | None:
        """A judge answers for every sentence, with a quotation: about twice as much as the sentence itself."""
        return _JUDGING if judges else None

    def section_review_share(self, *, judges: bool) -> float | None:
        """As `review_share`: each section is judged before the next one begins."""
        return _JUDGING if judges else None

    async def review_section(
        self, inputs: LessonInput, state: State, index: int, model: Model
    ) -> list[ReviewFinding]:
        """As `review`, of a section that has just been written."""
        judge = model if model and model.judges else None
        return await review_part(inputs, state, index, self.language(inputs), judge)

    async def review(self, inputs: LessonInput, state: State, model: Model) -> Reviewed:
        """What the document contradicts or doesn't say, sentence by sentence, and the warnings that went with the end
        of a section that was cut: they harm patients.

        By a judge that has the document, where the settings ask for one; else by words, which readers are told.
        """
        judge = model if model and model.judges else None
        return await review_lesson(inputs, state, self.language(inputs), judge)

    def metrics(self, inputs: LessonInput, state: State) -> dict[str, Any]:
        """Speaking time, words by speaker, grade, repetition, lengths, and statements without support."""
        return lesson_metrics(inputs, state, self.language(inputs))

    def _spoken(
        self, task: SectionTask, stream: AsyncGenerator[str], words: int | None = None
    ) -> AsyncGenerator[str | SectionNotes]:
        inputs = self.parse(task["input"])
        cast, language = CASTS[inputs.speakers], self.language(inputs)
        style = replace(STYLE, addresses=list_addresses(inputs.custom_prompt or ""))
        script = ScriptFilter(cast, language, style=style, titles=titles_above(task))
        return filter_reply(script, split_section(task, stream, words, script.is_speaker))


def _look_over(document: LessonDocument) -> LessonDocument:
    """The inline document, examined as uploaded ones are, without invisible text."""
    attack = examine(document.text).attack
    if attack is not None:
        where = f"paragraph {attack.paragraph}" if attack.paragraph else "hidden text"
        raise InvalidInput.of(
            "input.document.text", f"{where} gives orders to a language model (“{attack.quote}”)"
        )
    text = normalise(uncover(document.text))
    if not count_words(text):
        raise InvalidInput.of("input.document.text", "the document holds no text")
    return document.model_copy(update={"text": text})


def _tags() -> str:
    return ", ".join(f"[{tag}]" for tag in vocabulary().tags)


@cache
def _content_types() -> dict[str, dict[str, str]]:
    with (_FOLDER / "content_types.toml").open("rb") as file:
        return tomllib.load(file)
