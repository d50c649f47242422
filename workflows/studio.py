"""The graphs that `langgraph.json` names, for LangGraph Studio and `langgraph dev`: one of each installed format.

Importing this module reads the environment and builds them; the service never does.
"""

from workflows.formats.registry import list_formats
from workflows.graph import build_graph
from workflows.models.catalog import ModelCatalog
from workflows.models.settings import ModelSettings
from workflows.safety.book import PolicyBook

settings = ModelSettings()
models = ModelCatalog(settings)
policies = PolicyBook(settings.policy_dir)

# By the format's name: `./workflows/studio.py:story`.
globals().update(
    {name: build_graph(format, models, policies=policies) for name, format in list_formats().items()}
)
