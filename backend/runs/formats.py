"""Formats as runs use them: their graphs, safety policies, and cache keys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog
from pydantic import BaseModel

from backend.runs.admission.validation import format_of
from backend.runs.results.cache import make_cache_key
from backend.store.runs.runs import NewRun, Run
from backend.streaming.pace import Forecast
from workflows.errors import Conflict, NotFound, StorywireError
from workflows.formats.base import AnyFormat
from workflows.formats.capabilities import MakesPieces
from workflows.formats.defaults import (
    expected_words,
    facts_words,
    language_of,
    load,
    plan_words,
    results_words,
    review_share,
    section_review_share,
)
from workflows.graph import Graph
from workflows.lookups import EmptyLookups, Lookups
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.spec import ModelSpec
from workflows.safety.personal_fields import find_personal
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.registry import PolicyRegistry
from workflows.state import State

log = structlog.get_logger()

_TOKENS_PER_WORD, _TOKENS_ELSEWHERE = 1.4, 2.8
"""Of English, and of other languages, such as Hebrew."""


@dataclass(frozen=True, slots=True)
class RunFormats:
    """The installed formats by name. `graph_of` is the graph of one, by its name; `time_zone` that of readers whose
    own isn't known; `lookups` find what inputs refer to; a review may have sections written again so many `revisions`
    times, None: as often as the format says."""

    formats: Mapping[str, AnyFormat]
    graph_of: Callable[[str], Graph]
    models: ModelCatalog
    policies: PolicyRegistry
    time_zone: str = "UTC"
    lookups: Lookups = field(default_factory=EmptyLookups)
    revisions: int | None = None

    def graph(self, run: Run) -> Graph:
        """The graph of the run's format."""
        return self.graph_of(run.format)

    async def check_material(self, run: Run) -> None:
        """Raises Conflict for a run that can't go on, since what it is written from was deleted, or the package of its
        format is no longer installed."""
        format = format_of(self.formats, run)
        if run.origin is not None and run.origin.has_lost_seed:
            raise Conflict("The text that this version is made of was deleted, so it can't go on.")
        try:
            await load(format, format.parse(run.input), self.lookups, run.owner)
        except NotFound as error:
            raise Conflict(
                f"The run can't go on, since what it is written from was deleted. {error.message}"
            ) from None

    def policy(self, run: Run | NewRun) -> Policy:
        """The safety policy of the run's readers. Raises Conflict when its format is no longer installed."""
        format = format_of(self.formats, run)
        inputs = format.parse(run.input)
        return self.policies.apply(format.policy(inputs), inputs).in_language(language_of(format, inputs))

    def gates_sections(self, run: Run) -> bool:
        """Whether a judge reads each section of the run before its readers do."""
        try:
            return self.policy(run).gate == "section"
        except StorywireError:  # as below
            return False

    def review_share(self, run: Run) -> float | None:
        """The time that the review of the whole may take, as a share of all writing; None without a long one."""
        if (format := self.formats.get(run.format)) is None:
            return None
        return review_share(format, judges=self._judges(run))

    def section_review_share(self, run: Run) -> float | None:
        """The time that the review of a section may take before the next one begins, as a share of its writing; None
        without a long one, and where none is reviewed then: sections are written at once, or never again."""
        format = self.formats.get(run.format)
        if format is None or run.options.parallel != 1 or self.revisions == 0:
            return None
        return section_review_share(format, judges=self._judges(run))

    def _judges(self, run: Run) -> bool:
        return self.models.selection.of("judge", ModelSpec.parse(run.model)) is not None

    def language(self, run: Run) -> str | None:
        """The language of the run's text; None if it can't be determined."""
        try:
            format = format_of(self.formats, run)
            return language_of(format, format.parse(run.input))
        except StorywireError:  # as above
            return None

    def personal(self, run: Run) -> list[str] | None:
        """The personal texts in the run's input; None if they can't be determined."""
        try:
            return find_personal(format_of(self.formats, run).parse(run.input))
        except StorywireError:  # stored by a version that took other inputs, or by a package that has gone
            return None

    def forecast(self, run: Run) -> Forecast:
        """The words that the run is expected to write, as far as its input says."""
        try:
            format = format_of(self.formats, run)
            inputs = format.parse(run.input)
            pieces = _piece_words(format, inputs)
            return Forecast(
                plan=plan_words(format, inputs),
                facts=facts_words(format, inputs),
                pieces=pieces,
                results=results_words(format, inputs),
                text=max(expected_words(format, inputs) or 0, sum(pieces.values())),
                tokens_per_word=_TOKENS_PER_WORD
                if language_of(format, inputs) == "en"
                else _TOKENS_ELSEWHERE,
                at_once=run.options.parallel,
            )
        except StorywireError:  # as above
            return Forecast()

    def cache_key(self, run: NewRun) -> str | None:
        """A key that is equal for runs with the same result; None for a run that can't share one."""
        called = self.models.selection.called_by(ModelSpec.parse(run.model))
        return make_cache_key(self.formats[run.format], run, called, self.policy(run))


def _piece_words(format: AnyFormat, inputs: BaseModel) -> dict[str, int]:
    """Words of the texts that are made beside a run's sections, by name."""
    maker: object = format
    if not isinstance(maker, MakesPieces):
        return {}
    try:
        planned = maker.plan_pieces(inputs, State())
    except Exception:  # a format that plans them by its text
        log.debug("pieces_not_planned", format=format.name)
        return {}
    return {piece["name"]: piece["target_words"] for piece in planned}
