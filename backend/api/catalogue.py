"""Catalogue endpoints: formats, models, and the JSON Schema of the messages."""

from functools import cache
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from backend.api.dependencies import PrincipalDep, ResourcesDep
from backend.store.schema.run_values import RunOptions
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import exporters_of, monthly_limit_of, presentation_of
from workflows.formats.form import Presentation
from workflows.messages.messages import ModelRole, StoryChunk
from workflows.models.choice.selection import ROLES
from workflows.models.spec import ModelSpec
from workflows.models.structured import StructuredMode

router = APIRouter(prefix="/api/v1", tags=["catalogue"])


class FormatView(BaseModel):
    """A format: its input and options as JSON Schemas, an example, and the kinds of file it can be exported as.

    `path` is its place in addresses: `/api/v1/{path}/generate/stream`. `presentation` are hints for user interfaces;
    `monthly_limit` the runs that a user may start in a month, null without a limit.
    """

    name: str
    path: str
    title: str
    input_schema: dict[str, Any]
    options_schema: dict[str, Any]
    example: dict[str, Any]
    exports: list[str]
    presentation: Presentation
    monthly_limit: int | None


class ModelView(BaseModel):
    """A model. `usable`: configured and allowed, so that a run may name it. `note` is what is missing, or what to
    expect. `roles` are those that it has when a run names no model."""

    id: str
    provider: str
    configured: bool
    allowed: bool
    usable: bool
    structured: StructuredMode
    roles: list[ModelRole]
    note: str | None


class RoleView(BaseModel):
    """The default model of a role and its fallback; None: no judge, or no fallback."""

    model: str | None
    fallback: str | None


class ModelList(BaseModel):
    """The default model, the models of the other roles, and the models that a run may name.

    `allowed` are patterns in which `*` stands for anything; empty: every model of every configured provider. Where the
    account or the API key has an allow-list of its own, they are that list's, and no other model is shown.
    """

    default: str
    roles: dict[ModelRole, RoleView]
    allowed: list[str]
    models: list[ModelView]


@router.get("/formats")
async def list_formats(resources: ResourcesDep) -> dict[str, list[FormatView]]:
    """The formats, each with the JSON Schema of its input, its options and a worked example."""
    return {"formats": [_view(format) for format in resources.formats.values()]}


@router.get("/models")
async def list_models(resources: ResourcesDep, principal: PrincipalDep) -> ModelList:
    """Models that are configured, allowed and usable. Calls no provider: `storywire doctor` does."""
    models, mine = resources.models, principal.models
    selection = models.selection
    writing = mine.default(selection)
    return ModelList(
        default=str(writing),
        roles={
            role: RoleView(
                model=_name(selection.of(role, writing)), fallback=_name(selection.fallback_of(role, writing))
            )
            for role in ROLES
        },
        allowed=mine.patterns if mine.lists else list(selection.patterns),
        models=[
            ModelView(
                id=info.id,
                provider=info.provider,
                configured=info.configured,
                allowed=info.allowed,
                usable=info.usable,
                structured=info.structured,
                roles=[role for role in ROLES if _name(selection.of(role, writing)) == info.id],
                note=info.note,
            )
            for info in models.choices(mine.named)
            if mine.allows(ModelSpec.parse(info.id))
        ],
    )


def _view(format: AnyFormat) -> FormatView:
    input_model: type[BaseModel] = format.Input
    return FormatView(
        name=format.name,
        path=format.path or format.name,
        title=format.title,
        input_schema=_schema_of(input_model),
        options_schema=_schema_of(RunOptions),
        example=dict(format.example),
        exports=sorted(exporters_of(format)),
        presentation=presentation_of(format),
        monthly_limit=monthly_limit_of(format),
    )


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model. All of them are made in tens of milliseconds, in which no reader is served."""
    return model.model_json_schema()


def _name(spec: ModelSpec | None) -> str | None:
    return None if spec is None else str(spec)


@router.get("/schema/story_chunk.json")
async def story_chunk_schema() -> dict[str, Any]:
    """The JSON Schema of the messages."""
    return StoryChunk.json_schema(mode="serialization")
