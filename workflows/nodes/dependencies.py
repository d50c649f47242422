"""What every node is given when the graph is built."""

from dataclasses import dataclass, field
from typing import Any

from workflows.formats.base import AnyFormat
from workflows.models.catalog import Model, ModelCatalog
from workflows.safety.book import PolicyBook
from workflows.safety.layers import Layers
from workflows.safety.policy import Policy
from workflows.state import RunContext


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The format that is written, the models to write it with, and the policies it is checked by."""

    format: AnyFormat
    models: ModelCatalog
    policies: PolicyBook = field(default_factory=PolicyBook)
    revisions: int | None = None

    @property
    def max_revisions(self) -> int:
        """How often a review may have sections written again: as set, else as the format has it."""
        return self.format.max_revisions if self.revisions is None else self.revisions

    async def open_model(self, context: RunContext | None) -> Model:
        """The run's model. Without a context (LangGraph Studio) it is the default one."""
        return await self.models.open(context.model if context else None)

    def policy(self, given: Any) -> Policy:
        """What this service checks the format's text by."""
        return self.policies.apply(self.format.policy(given))

    async def open_layers(self, context: RunContext | None) -> Layers:
        """The checks beside the local rules, as the settings ask for them."""
        model = await self.open_model(context)
        return Layers(
            moderator=model if self.models.moderates(model) else None,
            judge=await self.models.open_judge(model),
        )
