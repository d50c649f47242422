"""Capabilities of a format with their defaults, for a format without the capability."""

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
    ForecastsFacts,
    ForecastsLength,
    ForecastsWork,
    Limited,
    LimitsRevisions,
    Loads,
    LooksUp,
    Multilingual,
    Presents,
    RecapsSeries,
    ScreensOwnText,
    SetsContext,
    SetsLeastRoom,
    SetsParameters,
    SetsReviewShare,
    SetsSectionReviewShare,
    SetsTolerance,
)
from workflows.formats.exports import EVERYWHERE, Exporter
from workflows.formats.form import Form, Presentation
from workflows.formats.settings import FormatSettings
from workflows.lookups import Lookups
from workflows.messages.messages import ModelRole
from workflows.models.clients.catalog import Model
from workflows.models.parameters import Parameters, RoleParameters
from workflows.models.spec import ModelSpec
from workflows.text.streams.length import Room, room_for

LENGTH_TOLERANCE = 0.15
MAX_REVISIONS = 1
PARAMETERS: RoleParameters = {"judge": {"temperature": 0.0}}
"""Who judges says the same of the same text."""


def configured(format: AnyFormat, settings: FormatSettings | None = None) -> AnyFormat:
    """The format with its settings, which are read from the environment unless given."""
    if not isinstance(format, Configurable):
        return format
    set_up: AnyFormat = format.configure(settings or format.Settings())
    return set_up


def variant_for(format: AnyFormat, model: Model) -> AnyFormat:
    """The format's variant for this model."""
    if not isinstance(format, AdaptsToModel):
        return format
    variant: AnyFormat = format.for_model(model)
    return variant


async def resolve(format: AnyFormat, inputs: BaseModel, lookups: Lookups, owner: str) -> BaseModel:
    """The input with its references resolved. Raises NotFound, InvalidInput."""
    if not isinstance(format, LooksUp):
        return inputs
    resolved: BaseModel = await format.resolve(inputs, lookups, owner)
    return resolved


async def load(format: AnyFormat, inputs: BaseModel, lookups: Lookups, owner: str) -> Any:
    """The input with its large data loaded. Raises NotFound."""
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


def without_part(format: AnyFormat, stored: Mapping[str, Any], number: int) -> dict[str, Any] | None:
    """A stored input without its recap of this part of its series; None where it has none."""
    if not isinstance(format, RecapsSeries):
        return None
    left = format.without_part(stored, number)
    return None if left == stored else dict(left)


def cache_key_of(format: AnyFormat, inputs: BaseModel) -> str | None:
    """A key that is equal for inputs that may share a text, by default equal inputs; None: never."""
    if isinstance(format, Cached):
        return format.cache_key(inputs)
    return json.dumps(inputs.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)


def default_cache_of(format: AnyFormat) -> CacheMode:
    """Whether a run without a cache option takes a cached result."""
    return format.default_cache if isinstance(format, CachedByDefault) else "off"


def monthly_limit_of(format: AnyFormat) -> int | None:
    """The number of runs that a user may start in a month; None: unlimited."""
    return format.monthly_limit if isinstance(format, Limited) else None


def parameters_of(format: AnyFormat, role: ModelRole) -> Parameters:
    """The parameters that its models are called with in a role, where the settings give none."""
    own = format.parameters.get(role, {}) if isinstance(format, SetsParameters) else {}
    return {**PARAMETERS.get(role, {}), **own}


def max_revisions_of(format: AnyFormat) -> int:
    """The number of times that a review may have sections rewritten."""
    return format.max_revisions if isinstance(format, LimitsRevisions) else MAX_REVISIONS


def length_tolerance_of(format: AnyFormat) -> float:
    """The accepted deviation of a section from its target, as a share of it."""
    return format.length_tolerance if isinstance(format, SetsTolerance) else LENGTH_TOLERANCE


def expected_words(format: AnyFormat, inputs: BaseModel) -> int | None:
    """About how many words the text will have; None where that isn't known before it is planned."""
    return format.expected_words(inputs) if isinstance(format, ForecastsLength) else None


def facts_words(format: AnyFormat, inputs: BaseModel) -> int:
    """About how many words of facts are written before the first or the second section; 0 where that isn't known."""
    return format.facts_words(inputs) if isinstance(format, ForecastsFacts) else 0


def plan_words(format: AnyFormat, inputs: BaseModel) -> int:
    """About how many words a model writes for the plan; 0 where that isn't known."""
    return format.plan_words(inputs) if isinstance(format, ForecastsWork) else 0


def results_words(format: AnyFormat, inputs: BaseModel) -> int:
    """About how many words a model writes of the finished text, without pieces; 0 where that isn't known."""
    return format.results_words(inputs) if isinstance(format, ForecastsWork) else 0


def review_share(format: AnyFormat, *, judges: bool) -> float | None:
    """The estimated time of the format's review as a share of all writing; None for a short one."""
    return format.review_share(judges=judges) if isinstance(format, SetsReviewShare) else None


def section_review_share(format: AnyFormat, *, judges: bool) -> float | None:
    """The estimated time of its review of a section as a share of the section's writing; None for a short one."""
    if not isinstance(format, SetsSectionReviewShare):
        return None
    return format.section_review_share(judges=judges)


def room_of(format: AnyFormat, target: int) -> Room:
    """The words that a section of this target may have."""
    least = format.least_room if isinstance(format, SetsLeastRoom) else 0
    return room_for(target, length_tolerance_of(format), least)


def context_words_of(format: AnyFormat) -> int:
    """Words up to which a section is shown the whole text before it."""
    return format.context_words if isinstance(format, SetsContext) else CONTEXT_WORDS


def facts_section_of(format: AnyFormat) -> int | None:
    """The section that brings the facts; None without one."""
    return format.facts_section if isinstance(format, BringsFacts) else None


def presentation_of(format: AnyFormat) -> Presentation:
    """The hints for user interfaces; by default its title alone."""
    return (
        format.presentation if isinstance(format, Presents) else Presentation(form=Form(heading=format.title))
    )


def exporters_of(format: AnyFormat) -> Mapping[str, Exporter]:
    """All exporters of a finished run, by name."""
    return {**EVERYWHERE, **(format.exports if isinstance(format, Exports) else {})}
