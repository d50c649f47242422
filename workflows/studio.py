"""The graphs that `langgraph.json` names, for LangGraph Studio and `langgraph dev`.

Importing this module reads the environment and builds them; the service never does.
"""

from workflows.formats.podcast.format import PodcastFormat
from workflows.formats.story.format import StoryFormat
from workflows.graph import build_graph
from workflows.models.catalog import ModelCatalog
from workflows.models.settings import ModelSettings
from workflows.safety.book import PolicyBook

settings = ModelSettings()
podcast = build_graph(PodcastFormat(), ModelCatalog(settings), policies=PolicyBook(settings.policy_dir))
story = build_graph(StoryFormat(), ModelCatalog(settings), policies=PolicyBook(settings.policy_dir))
