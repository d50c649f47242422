"""Formats as attempts use them: their graphs, safety policies, and cache keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from backend.runs.admission.validation import format_of
from backend.runs.results.cache import make_cache_key
from backend.store.runs import NewRun, Run
from workflows.errors import StorywireError
from workflows.formats.base import AnyFormat
from workflows.graph import Graph
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.spec import ModelSpec
from workflows.safety.personal_fields import find_personal
from workflows.safety.policy import Policy
from workflows.safety.registry import PolicyRegistry


@dataclass(frozen=True, slots=True)
class RunFormats:
    """The installed formats by name, each with its graph."""

    formats: Mapping[str, AnyFormat]
    graphs: Mapping[str, Graph]
    models: ModelCatalog
    policies: PolicyRegistry

    def graph(self, run: Run) -> Graph:
        """The graph of the run's format."""
        return self.graphs[run.format]

    def policy(self, run: Run | NewRun) -> Policy:
        """The safety policy of the run's readers. Raises Conflict when its format is no longer installed."""
        format = format_of(self.formats, run)
        inputs = format.parse(run.input)
        return self.policies.apply(format.policy(inputs), inputs)

    def personal(self, run: Run) -> list[str] | None:
        """The personal texts in the run's input; None if they can't be determined."""
        try:
            return find_personal(format_of(self.formats, run).parse(run.input))
        except StorywireError:  # stored by a version that took other inputs, or by a package that has gone
            return None

    def cache_key(self, run: NewRun) -> str | None:
        """A key that is equal for runs with the same result; None for a run that can't share one."""
        called = self.models.selection.called_by(ModelSpec.parse(run.model))
        return make_cache_key(self.formats[run.format], run, called, self.policy(run))
