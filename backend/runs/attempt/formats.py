"""Formats as the execution of runs needs them: their graphs, their readers' policies, and their keys in the cache."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from backend.runs.admission.validation import format_of
from backend.runs.results.cache import make_cache_key
from backend.store.runs import NewRun, Run
from workflows.errors import StorywireError
from workflows.formats.base import AnyFormat
from workflows.formats.capabilities import MakesPieces
from workflows.graph import Graph
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.spec import ModelSpec
from workflows.safety.personal_fields import find_personal
from workflows.safety.policy import Policy
from workflows.safety.registry import PolicyRegistry
from workflows.state import State

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RunFormats:
    """The installed formats by name, each with its graph."""

    formats: Mapping[str, AnyFormat]
    graphs: Mapping[str, Graph]
    models: ModelCatalog
    policies: PolicyRegistry

    def graph(self, run: Run) -> Graph:
        """The graph that writes the run."""
        return self.graphs[run.format]

    def policy(self, run: Run | NewRun) -> Policy:
        """The policy that the run's readers are protected by. Raises Conflict when its format has gone."""
        format = format_of(self.formats, run)
        inputs = format.parse(run.input)
        return self.policies.apply(format.policy(inputs), inputs)

    def personal(self, run: Run) -> list[str] | None:
        """The texts in the run's input that are about a person; None if that can't be known."""
        try:
            return find_personal(format_of(self.formats, run).parse(run.input))
        except StorywireError:  # stored by a version that took other inputs, or by a package that has gone
            return None

    def piece_words(self, run: Run) -> dict[str, int]:
        """Words of the texts that are made beside the run's sections, by name, as far as its input says."""
        format: Any = self.formats.get(run.format)
        if not isinstance(format, MakesPieces):
            return {}
        try:
            planned = format.plan_pieces(self.formats[run.format].parse(run.input), State())
        except Exception:  # a format that plans them by its text
            log.debug("pieces_not_planned", format=run.format)
            return {}
        return {piece["name"]: piece["target_words"] for piece in planned}

    def cache_key(self, run: NewRun) -> str | None:
        """The same for runs that one text answers; None for one that no other's text can answer."""
        called = self.models.selection.called_by(ModelSpec.parse(run.model))
        return make_cache_key(self.formats[run.format], run, called, self.policy(run))
