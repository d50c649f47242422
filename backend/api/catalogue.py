"""What there is: formats, models, the schema of the messages."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from backend.api.dependencies import ResourcesDep
from backend.runs.options import RunOptions
from backend.streaming.chunks import StoryChunk

router = APIRouter(prefix="/api/v1", tags=["catalogue"])


class FormatView(BaseModel):
    """A format: what it takes and an example of it."""

    name: str
    title: str
    input_schema: dict[str, Any]
    options_schema: dict[str, Any]
    example: dict[str, Any]


class ModelView(BaseModel):
    """A model; `note` says what is missing or what to expect."""

    id: str
    provider: str
    usable: bool
    note: str | None


class ModelList(BaseModel):
    """Every provider's default model, and the one that is used when none is named."""

    default: str
    models: list[ModelView]


@router.get("/formats")
async def list_formats(resources: ResourcesDep) -> dict[str, list[FormatView]]:
    """Every format with the JSON Schema of its input, its options and a worked example."""
    return {
        "formats": [
            FormatView(
                name=format.name,
                title=format.title,
                input_schema=format.Input.model_json_schema(),
                options_schema=RunOptions.model_json_schema(),
                example=dict(format.example),
            )
            for format in resources.formats.values()
        ]
    }


@router.get("/models")
async def list_models(resources: ResourcesDep) -> ModelList:
    """What is configured and usable."""
    return ModelList(
        default=str(resources.models.default()),
        models=[
            ModelView(id=info.id, provider=info.provider, usable=info.usable, note=info.note)
            for info in resources.models.choices()
        ],
    )


@router.get("/schema/story_chunk.json")
async def story_chunk_schema() -> dict[str, Any]:
    """The JSON Schema of the messages."""
    return StoryChunk.json_schema(mode="serialization")
