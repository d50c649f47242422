"""The outline of a video: a model fills the template's parts with this topic's own beats, examples and order."""

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from langchain_core.messages import BaseMessage
from pydantic import BaseModel, Field, StringConstraints, create_model

from workflows.formats.base import Plan
from workflows.formats.creator_script.input import CreatorScriptInput
from workflows.formats.creator_script.plan import ContentPart, divide_content, make_plan
from workflows.formats.creator_script.styles import list_styles
from workflows.formats.creator_script.templates import Template
from workflows.formats.toolkit.answer_fields import First
from workflows.models.calls.calls import ask
from workflows.models.clients.catalog import Model
from workflows.prompts import Prompts, marked
from workflows.safety.untrusted.untrusted_content import strip_injections
from workflows.text.words import fold_words

_PROMPTS = Prompts(Path(__file__).parent / "prompts" / "standard")
_TITLE_LETTERS = 70
_BEAT_LETTERS = 700
_PLACE = re.compile(
    r"^(?:#+\s*)?(?:\d{1,3}(?:\s*[–-]\s*#?\d{1,3})?\s*[.:)](?!\d)\s*|(?<=#)\d{1,3}\s+)|^#+\s*"
)
"""The number that a model puts before a title: "3. ", "#3: ", "#10–#8: "; "100 days" has none."""

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ScriptPart(BaseModel):
    """Part of the video: its title and content. Where one is blank, the template's own stands in."""

    title: str = Field(json_schema_extra={"minLength": 1})
    beats: str = Field(json_schema_extra={"minLength": 1})


class ScriptOutline(BaseModel):
    """Outline of the video: its opening question and its parts."""

    hook_question: _Line
    parts: list[ScriptPart]


def outline_form(parts: int) -> type[ScriptOutline]:
    """The schema of an outline with so many parts. Of more, the first are kept."""
    return create_model(
        "ScriptOutline",
        __base__=ScriptOutline,
        parts=(Annotated[list[ScriptPart], Field(min_length=parts), First(parts)], ...),
    )


async def outline_script(inputs: CreatorScriptInput, template: Template, language: str, model: Model) -> Plan:
    """The plan by template and clock, in one call of the model; each part with its own beats."""
    parts = divide_content(inputs, template)
    answer = await ask(model, outline_form(len(parts)), outline_messages(inputs, template, language, parts))
    return fill_plan(inputs, template, parts, answer)


def outline_messages(
    inputs: CreatorScriptInput, template: Template, language: str, parts: list[ContentPart]
) -> list[BaseMessage]:
    """What the model is asked for an outline of these parts."""
    return _PROMPTS.messages(
        "outline",
        input=inputs,
        language=language,
        style=list_styles()[inputs.style],
        template=template,
        minutes=f"{inputs.duration_minutes:g}",
        parts=[
            {
                "label": part.label.rstrip(": "),
                "about": part.summary,
                "points": [inputs.key_points[index].text for index in part.points],
            }
            for part in parts
        ],
    )


def fill_plan(
    inputs: CreatorScriptInput, template: Template, parts: list[ContentPart], answer: ScriptOutline
) -> Plan:
    """The plan with what the model made of its parts. The hook knows its question; the outro that and the parts."""
    titles = _distinct([_one_line(part.title, _TITLE_LETTERS) for part in answer.parts], parts)
    filled = [
        replace(part, title=title, summary=_summary(inputs, part, given))
        for part, title, given in zip(parts, titles, answer.parts, strict=True)
    ]
    plan = make_plan(inputs, template, filled)
    asked, _ = strip_injections(answer.hook_question)
    question = marked(_one_line(asked, _BEAT_LETTERS), "question")
    labels = "\n".join(f"{part.label}{part.title}" for part in filled)
    notes: dict[str, Any] = plan.notes
    notes["template"] |= {
        "hook": f"{template.hook} This is what it asks: {question}",
        "outro": f"{template.outro} This is what the hook asked, and what was told since:\n{question}\n"
        f"{marked(labels, 'parts')}",
    }
    return plan


def _summary(inputs: CreatorScriptInput, part: ContentPart, given: ScriptPart) -> str:
    """Its beats; a part that has key points begins with them, as they were given."""
    points = [inputs.key_points[index].text for index in part.points]
    beats = _one_line(given.beats, _BEAT_LETTERS) or ("" if points else part.summary)
    return " ".join([*points, beats]).strip()


def _distinct(titles: list[str], parts: list[ContentPart]) -> list[str]:
    """The model's titles without a number that we put there ourselves; a part's own where one comes twice, and
    where it is a key point that makes a title as it stands."""
    found: list[str] = []
    known: set[str] = set()
    for title, part in zip(titles, parts, strict=True):
        title = _PLACE.sub("", title.strip(' *_"“”').removeprefix(part.label))
        keeps_own = (
            fold_words(title) in known
            or not fold_words(title).strip()
            or (len(part.points) == 1 and not _is_cut(part.title))
        )
        found.append(_new(part.title if keeps_own else title, known))
        known.add(fold_words(found[-1]))
    return found


def _new(title: str, known: Collection[str]) -> str:
    """The title; with a number where there is one like it."""
    number, found = 1, title
    while fold_words(found) in known:
        number += 1
        found = f"{title} ({number})"
    return found


def _is_cut(title: str) -> bool:
    return title.endswith(("…", ")"))


def _one_line(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most + 1].rsplit(" ", 1)[0][:most] + "…"
