"""Graphs for LangGraph Studio and `langgraph dev`, as named in `langgraph.json`: one of each installed format.

Importing this module reads the environment and builds them; the service never does.
"""

from workflows.formats.base import AnyFormat
from workflows.formats.defaults import configured
from workflows.formats.registry import list_formats
from workflows.graph import Graph, build_graph
from workflows.models.budget.ledger import Ledgers
from workflows.models.budget.prices import PriceRegistry
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.settings import ModelSettings
from workflows.safety.policies.registry import PolicyRegistry
from workflows.safety.settings import SafetySettings
from workflows.sections.settings import SectionSettings


class StudioSettings(SafetySettings, SectionSettings, ModelSettings):
    """Settings of the graphs."""


settings = StudioSettings()
models = ModelCatalog(settings)
policies = PolicyRegistry(settings.policy_dir)
ledgers = Ledgers(PriceRegistry(settings.prices))


def _graph(format: AnyFormat) -> Graph:
    return build_graph(
        configured(format),
        models,
        policies=policies,
        revisions=settings.revisions,
        ledgers=ledgers,
        context_words=settings.context_words,
    )


# By the format's name: `./workflows/studio.py:story`.
globals().update({name: _graph(format) for name, format in list_formats().items()})
