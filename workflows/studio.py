"""The graphs that `langgraph.json` names, for LangGraph Studio and `langgraph dev`.

Importing this module reads the environment and builds them; the service never does.
"""

from workflows.formats.education_audio.format import EducationAudioFormat
from workflows.formats.story.format import StoryFormat
from workflows.graph import build_graph
from workflows.models.catalog import ModelCatalog
from workflows.models.settings import ModelSettings
from workflows.safety.book import PolicyBook

settings = ModelSettings()
models = ModelCatalog(settings)
policies = PolicyBook(settings.policy_dir)

education_audio = build_graph(EducationAudioFormat(), models, policies=policies)
story = build_graph(StoryFormat(), models, policies=policies)
