"""The format creator_script: a video script that follows its input, timed to the second."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from workflows.context import prompt_values
from workflows.errors import InvalidInput
from workflows.formats.base import Format, Plan
from workflows.formats.creator_script.coverage import (
    judge_points,
    judge_points_of_section,
    keep_points,
)
from workflows.formats.creator_script.files import EXPORTS
from workflows.formats.creator_script.input import CreatorScriptInput
from workflows.formats.creator_script.metrics import script_metrics
from workflows.formats.creator_script.outline import outline_script
from workflows.formats.creator_script.personas import AudiencePersona, ScriptPersona
from workflows.formats.creator_script.plan import pace_of, slots_of
from workflows.formats.creator_script.points import find_conflicts, find_overflow
from workflows.formats.creator_script.presentation import PRESENTATION
from workflows.formats.creator_script.report import (
    find_repetition,
    list_unsaid,
    measure_sections,
    report_on,
    unsaid,
)
from workflows.formats.creator_script.script import spoken, under_heading, without_heading
from workflows.formats.creator_script.settings import ScriptSettings
from workflows.formats.creator_script.styles import list_styles
from workflows.formats.creator_script.templates import Template, TemplateRegistry
from workflows.formats.creator_script.timing import content_seconds, heading, words_for
from workflows.formats.exports import Exporter
from workflows.formats.form import Presentation
from workflows.formats.pieces import SectionNotes
from workflows.formats.toolkit.languages import LANGUAGES
from workflows.formats.toolkit.section_notes import split_section
from workflows.lookups import Lookups, find_named
from workflows.messages.messages import SafetyIssue
from workflows.models.calls.calls import stream_text
from workflows.models.clients.catalog import Model
from workflows.models.parameters import RoleParameters
from workflows.models.spec import ModelSpec
from workflows.prompts import Prompts
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.state import Section, SectionTask, State, texts_of
from workflows.text.words import count_words
from workflows.verdicts import Reviewed, ReviewFinding

_PROMPTS = Prompts(Path(__file__).parent / "prompts" / "standard")


class CreatorScriptFormat(Format[CreatorScriptInput]):
    """Video script of hook, content, outro. The plan is made without a model; the text is checked against it."""

    name = "creator_script"
    path = "creator-scripts"
    title = "A script for a video"
    parameters: ClassVar[RoleParameters] = {"outline": {"temperature": 0.7}, "writing": {"temperature": 0.8}}
    Input = CreatorScriptInput
    presentation: ClassVar[Presentation] = PRESENTATION
    Settings = ScriptSettings
    exports: ClassVar[Mapping[str, Exporter]] = EXPORTS
    example: ClassVar[Mapping[str, Any]] = {
        "topic": "Why leaves turn red in autumn",
        "duration_minutes": 3,
        "style": "educational",
        "tone": "curious",
        "target_audience": "People who walk in the woods and know no botany",
        "key_points": [
            {"text": "The green pigment chlorophyll is taken back before winter", "priority": "must"},
            {"text": "Red pigment is made new, it was not hidden", "priority": "must"},
            {"text": "Sunny days and cold nights make the best red", "priority": "should"},
        ],
    }

    def __init__(self, templates: TemplateRegistry | None = None) -> None:
        self.templates = templates or TemplateRegistry()

    def configure(self, settings: ScriptSettings) -> Self:
        """The format with the operator's own templates. Raises TemplateError."""
        return type(self)(TemplateRegistry(settings.template_dir))

    def parse(self, inputs: Mapping[str, Any]) -> CreatorScriptInput:
        """The input, with key points that don't contradict each other."""
        parsed = super().parse(inputs)
        found = find_conflicts(parsed.key_points)
        overflow = find_overflow(
            parsed.key_points, content_seconds(parsed.seconds, list_styles()[parsed.style])
        )
        if overflow is not None:
            found.append(overflow)
        if found:
            raise InvalidInput.of_fields(found)
        return parsed

    async def resolve(self, inputs: CreatorScriptInput, lookups: Lookups, owner: str) -> CreatorScriptInput:
        """The input with the present values of the stored personas; the template must exist."""
        self.template(inputs)
        found: dict[str, Any] = {}
        for kind, model in (("audience", AudiencePersona), ("script", ScriptPersona)):
            if (persona_id := getattr(inputs, f"{kind}_persona_id")) is None:
                continue
            field = f"input.{kind}_persona_id"
            stored = await find_named(lookups, owner, "persona", persona_id, field)
            if stored["kind"] != kind:
                message = (
                    f"{persona_id} is a persona of kind {stored['kind']}; one of kind {kind} is expected"
                )
                raise InvalidInput.of(field, message)
            fields = {name: stored[name] for name in model.model_fields if name in stored}
            found[f"{kind}_persona"] = model.model_validate(fields)
        return inputs.model_copy(update=found)

    def template(self, inputs: CreatorScriptInput) -> Template:
        """The named template, else the style's. Raises InvalidInput that lists the templates."""
        try:
            return self.templates.find(inputs.template or list_styles()[inputs.style].template)
        except LookupError as error:
            message = str(error.args[0])
            raise InvalidInput.of("input.template", message) from None

    def language(self, inputs: CreatorScriptInput) -> str:
        """The language in the input."""
        return inputs.language

    def check_model(self, inputs: CreatorScriptInput, model: ModelSpec) -> None:
        """Refuses the embedded model, which can't follow such a plan."""
        del inputs
        if model.provider == "embedded":
            message = "scripts need a larger model than the built-in one; set STORYWIRE_MODEL"
            raise InvalidInput.of("options.model", message)

    def policy(self, inputs: CreatorScriptInput) -> Policy:
        """The policy for the general public."""
        del inputs
        return load_policy("general")

    async def plan(self, inputs: CreatorScriptInput, model: Model) -> Plan:
        """By the template and the clock; one call of the model fills the parts with this topic's own beats."""
        return await outline_script(inputs, self.template(inputs), LANGUAGES[inputs.language], model)

    def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str | SectionNotes]:
        """One section under its heading, in the words that are spoken."""
        values = _values(self.parse(task["input"]), task)
        messages = _PROMPTS.messages("section", **values)
        return under_heading(values["heading"], split_section(task, stream_text(model, messages)))

    def extend(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The end of a section that came out too short."""
        return self._go_on("extend", task, text, words, model)

    def land(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The end of a section that ran over."""
        return self._go_on("land", task, text, words, model)

    def _go_on(
        self, name: str, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        values = {**_values(self.parse(task["input"]), task), "words": words}
        messages = _PROMPTS.messages(name, **values, text=spoken(text))
        return without_heading(split_section(task, stream_text(model, messages), words))

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The section again, by an editor's notes."""
        values = _values(self.parse(task["input"]), task)
        messages = _PROMPTS.messages("rewrite", **values, text=spoken(section["text"]), issues=issues)
        return under_heading(values["heading"], split_section(task, stream_text(model, messages)))

    async def review_section(
        self, inputs: CreatorScriptInput, state: State, index: int, model: Model
    ) -> list[ReviewFinding]:
        """What is measured of a section that has just been written (prose, what was said before), and the `must` points
        that were planned for it. Where words don't find one of those, one call of the model says whether it's there."""
        found = await asyncio.to_thread(measure_sections, texts_of(state), index)
        unsaid_points = await asyncio.to_thread(list_unsaid, inputs, state, index)
        if not unsaid_points:
            return found
        verdicts = await judge_points_of_section(inputs, state, index, unsaid_points, model)
        missing = [
            unsaid(inputs.key_points[point].text, index)
            for point in unsaid_points
            if not verdicts.get(point, {}).get("covered")
        ]
        return Reviewed([*found, *missing], keep_points(verdicts, state))

    def plan_words(self, inputs: CreatorScriptInput) -> int:
        """A beat, an example and a place in the order for each part."""
        del inputs
        return 400

    def results_words(self, inputs: CreatorScriptInput) -> int:
        """Nothing is made of the text."""
        del inputs
        return 0

    def expected_words(self, inputs: CreatorScriptInput) -> int:
        """The words that are spoken in the time."""
        return words_for(inputs.seconds, pace_of(inputs, self.template(inputs)))

    def review_share(self, *, judges: bool) -> float | None:
        """One call that quotes the place of each point."""
        del judges
        return 0.1

    async def review(self, inputs: CreatorScriptInput, state: State, model: Model) -> list[ReviewFinding]:
        """Points, length, structure, time ranges, prose. One call of the model says where each point is told."""
        verdicts = await judge_points(inputs, state, model) if model is not None else {}
        report = await asyncio.to_thread(report_on, inputs, state, verdicts)
        again = await asyncio.to_thread(find_repetition, texts_of(state))
        return Reviewed([*report.findings, *again], keep_points(verdicts, state))

    def metrics(self, inputs: CreatorScriptInput, state: State) -> dict[str, Any]:
        """Words, times, and the compliance report."""
        return script_metrics(inputs, state)


def _values(inputs: CreatorScriptInput, task: SectionTask) -> dict[str, Any]:
    """The values for the prompts' templates."""
    index, notes = task["index"], task["notes"]
    slots = slots_of(inputs, task["outline"], notes)
    section = task["outline"]["sections"][index]
    slot = slots[index]
    return {
        "input": inputs,
        "language": LANGUAGES[inputs.language],
        "style": list_styles()[inputs.style],
        "template": notes["template"],
        "minutes": f"{inputs.duration_minutes:g}",
        "slots": slots,
        "index": index,
        "section": section,
        "heading": heading(slot),
        "words": max(1, task["ask_words"] - count_words(heading(slot))),
        "points": [inputs.key_points[number] for number in slot["points"]],
        **prompt_values(task),
    }
