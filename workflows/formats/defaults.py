"""A format's capabilities as the service asks for them: what the format says, or what holds without it."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from workflows.context import CONTEXT_WORDS
from workflows.formats.base import AnyFormat
from workflows.formats.capabilities import (
    AdaptsToModel,
    BelongsToSeries,
    BringsFacts,
    Cached,
    CachedByDefault,
    CacheMode,
    ChecksModel,
    Configurable,
    Exports,
    Limited,
    LimitsRevisions,
    Loads,
    LooksUp,
    Multilingual,
    ScreensOwnText,
    SetsContext,
    SetsLeastRoom,
    SetsTolerance,
)
from workflows.formats.exports import EVERYWHERE, Exporter
from workflows.formats.settings import FormatSettings
from workflows.lookups import Lookups
from workflows.models.clients.catalog import Model
from workflows.models.spec import ModelSpec
from workflows.text.length import Room, room_for

LENGTH_TOLERANCE = 0.15
MAX_REVISIONS = 1


def configured(format: AnyFormat, settings: FormatSettings | None = None) -> AnyFormat:
    """The format as its settings have it; they are read from the environment unless given."""
    if not isinstance(format, Configurable):
        return format
    set_up: AnyFormat = format.configure(settings or format.Settings())
    return set_up


def variant_for(format: AnyFormat, model: Model) -> AnyFormat:
    """The format that writes with this model."""
    if not isinstance(format, AdaptsToModel):
        return format
    variant: AnyFormat = format.for_model(model)
    return variant


async def resolve(format: AnyFormat, inputs: BaseModel, lookups: Lookups, owner: str) -> BaseModel:
    """The input with what it refers to in it. Raises NotFound, InvalidInput."""
    if not isinstance(format, LooksUp):
        return inputs
    resolved: BaseModel = await format.resolve(inputs, lookups, owner)
    return resolved


async def load(format: AnyFormat, inputs: BaseModel, lookups: Lookups, owner: str) -> Any:
    """The input with what is too large to be stored with it. Raises NotFound."""
    return await format.load(inputs, lookups, owner) if isinstance(format, Loads) else inputs


def text_to_screen(format: AnyFormat, inputs: BaseModel) -> dict[str, Any]:
    """The part of the input that is screened as a request; all of it by default."""
    return (
        format.text_to_screen(inputs)
        if isinstance(format, ScreensOwnText)
        else inputs.model_dump(mode="json")
    )


def check_model(format: AnyFormat, inputs: BaseModel, model: ModelSpec) -> None:
    """Raises InvalidInput when this model can't write this input."""
    if isinstance(format, ChecksModel):
        format.check_model(inputs, model)


def language_of(format: AnyFormat, inputs: BaseModel) -> str:
    """The text's language, as a tag; English by default."""
    return format.language(inputs) if isinstance(format, Multilingual) else "en"


def series_of(format: AnyFormat, inputs: BaseModel) -> tuple[str, int] | None:
    """The series and the place in it that the text belongs to; None: it stands alone."""
    return format.part_of(inputs) if isinstance(format, BelongsToSeries) else None


def cache_key_of(format: AnyFormat, inputs: BaseModel) -> str | None:
    """The same for inputs that one text may answer, by default equal ones; None for one that never is."""
    if isinstance(format, Cached):
        return format.cache_key(inputs)
    return json.dumps(inputs.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)


def default_cache_of(format: AnyFormat) -> CacheMode:
    """Whether a run that doesn't say takes a kept result."""
    return format.default_cache if isinstance(format, CachedByDefault) else "off"


def monthly_limit_of(format: AnyFormat) -> int | None:
    """How many runs of it a user may have in a month; None: as many as they like."""
    return format.monthly_limit if isinstance(format, Limited) else None


def max_revisions_of(format: AnyFormat) -> int:
    """How often a review may have sections written again."""
    return format.max_revisions if isinstance(format, LimitsRevisions) else MAX_REVISIONS


def length_tolerance_of(format: AnyFormat) -> float:
    """How far a section may be from its target, as a share of it."""
    return format.length_tolerance if isinstance(format, SetsTolerance) else LENGTH_TOLERANCE


def room_of(format: AnyFormat, target: int) -> Room:
    """The words that a section of this target may have."""
    least = format.least_room if isinstance(format, SetsLeastRoom) else 0
    return room_for(target, length_tolerance_of(format), least)


def context_words_of(format: AnyFormat) -> int:
    """Words up to which a section is shown the whole text before it."""
    return format.context_words if isinstance(format, SetsContext) else CONTEXT_WORDS


def facts_section_of(format: AnyFormat) -> int | None:
    """The section that brings the facts; None where no section does."""
    return format.facts_section if isinstance(format, BringsFacts) else None


def exporters_of(format: AnyFormat) -> Mapping[str, Exporter]:
    """Every kind of file that a finished run can be had as, by name."""
    return {**EVERYWHERE, **(format.exports if isinstance(format, Exports) else {})}
