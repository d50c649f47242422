"""The graphs that `langgraph.json` names, for LangGraph Studio and `langgraph dev`.

Importing this module reads the environment and builds them; the service never does.
"""

from workflows.formats.base import AnyFormat
from workflows.formats.creator_script.format import CreatorScriptFormat
from workflows.formats.story.format import StoryFormat
from workflows.graph import Graph, build_graph
from workflows.models.catalog import ModelCatalog
from workflows.models.settings import ModelSettings
from workflows.safety.book import PolicyBook

settings = ModelSettings()
models = ModelCatalog(settings)
policies = PolicyBook(settings.policy_dir)


def _graph(format: AnyFormat) -> Graph:
    return build_graph(format.configure(settings), models, policies=policies, revisions=settings.revisions)


story = _graph(StoryFormat())
creator_script = _graph(CreatorScriptFormat())
