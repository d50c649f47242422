"""Help with the input of a video script: templates, and free tips."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from backend.api.dependencies import ResourcesDep
from backend.api.leaving import in_turn
from backend.scripts.api.parts import ScriptFormatDep
from workflows.errors import InvalidInput
from workflows.formats.creator_script.advice import give_tips
from workflows.formats.creator_script.format import CreatorScriptFormat
from workflows.formats.creator_script.plan import make_plan
from workflows.formats.creator_script.timing import clock

router = APIRouter(prefix="/api/v1/creator-scripts", tags=["creator scripts"])


class TemplateView(BaseModel):
    """A template; `beats` are the stretches of its content."""

    name: str
    title: str
    description: str
    styles: list[str]
    beats: list[str]


class TipView(BaseModel):
    """A tip. `error`: the script can't be written; `warning`: it will suffer; `hint`: it may gain."""

    code: str
    field: str
    severity: Literal["error", "warning", "hint"]
    message: str


class RangeView(BaseModel):
    """A planned section with its time range."""

    kind: Literal["HOOK", "CONTENT", "OUTRO"]
    title: str
    range: str
    words: int


class CheckView(BaseModel):
    """Tips and plan for an input before anything is written. `plan` is empty while there are errors."""

    ok: bool
    tips: list[TipView]
    words: int
    plan: list[RangeView]


@router.get("/templates")
async def list_templates(format: ScriptFormatDep) -> dict[str, list[TemplateView]]:
    """All templates, the built-in ones and the operator's."""
    return {
        "templates": [
            TemplateView(
                name=template.name,
                title=template.title,
                description=template.description,
                styles=list(template.styles),
                beats=[beat.title for beat in template.beats],
            )
            for template in format.templates.all()
        ]
    }


@router.post("/check")
async def check(
    wish: dict[str, Any], request: Request, format: ScriptFormatDep, resources: ResourcesDep
) -> CheckView:
    """Tips on a script's input, even a half-typed one. No model is called and nothing is stored."""
    return await in_turn(request, resources.for_callers, _check, wish, format)


def _check(wish: dict[str, Any], format: CreatorScriptFormat) -> CheckView:
    try:
        inputs = format.parse(wish)
        template = format.template(inputs)
    except InvalidInput as error:
        return CheckView(ok=False, tips=_errors(error), words=0, plan=[])
    tips = [
        TipView(code=tip.code, field=tip.field, severity=tip.severity, message=tip.message)
        for tip in give_tips(inputs, template)
    ]
    plan = make_plan(inputs, template)
    ranges = [
        RangeView(
            kind=slot["kind"],
            title=slot["title"],
            range=f"{clock(slot['start'])}–{clock(slot['end'])}",
            words=section["target_words"],
        )
        for slot, section in zip(plan.notes["slots"], plan.outline["sections"], strict=True)
    ]
    return CheckView(ok=True, tips=tips, words=sum(item.words for item in ranges), plan=ranges)


def _name(path: str) -> str:
    """`input.key_points.0.text` → `Key points 1`: where somebody who doesn't know the fields' names finds it."""
    name, *rest = path.removeprefix("input.").split(".")
    number = f" {int(rest[0]) + 1}" if rest and rest[0].isdigit() else ""
    return name.replace("_", " ").capitalize() + number


def _errors(error: InvalidInput) -> list[TipView]:
    return [
        TipView(
            code="invalid",
            field=found.field.removeprefix("input.") or "input",
            severity="error",
            message=f"{_name(found.field)}: {found.message}",
        )
        for found in error.errors
    ]
