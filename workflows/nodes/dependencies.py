"""What every node is given when the graph is built."""

from dataclasses import dataclass

from workflows.formats.base import AnyFormat
from workflows.models.catalog import Model, ModelCatalog
from workflows.state import RunContext


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The format that is written and the models to write it with."""

    format: AnyFormat
    models: ModelCatalog

    async def open_model(self, context: RunContext | None) -> Model:
        """The run's model. Without a context (LangGraph Studio) it is the default one."""
        return await self.models.open(context.model if context else None)
