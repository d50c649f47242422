"""The graphs that `langgraph.json` names, for LangGraph Studio and `langgraph dev`.

Importing this module reads the environment and builds them; the service never does.
"""

from workflows.formats.story.format import StoryFormat
from workflows.graph import build_graph
from workflows.models.catalog import ModelCatalog
from workflows.models.ledger import Ledgers
from workflows.models.prices import PriceBook
from workflows.models.settings import ModelSettings
from workflows.safety.book import PolicyBook

settings = ModelSettings()
story = build_graph(
    StoryFormat(),
    ModelCatalog(settings),
    policies=PolicyBook(settings.policy_dir),
    ledgers=Ledgers(PriceBook(settings.prices)),
)
