"""What every node is given when the graph is built."""

from dataclasses import dataclass, field
from typing import Any, cast

from langgraph.runtime import Runtime

from workflows.formats.base import AnyFormat
from workflows.library import EmptyLibrary, Library
from workflows.models.catalog import Model, ModelCatalog
from workflows.models.usage import Role
from workflows.safety.book import PolicyBook
from workflows.safety.layers import Layers
from workflows.safety.policy import Policy
from workflows.state import RunContext, SectionTask


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The format that is written, the models to write it with, and the policies it is checked by."""

    format: AnyFormat
    models: ModelCatalog
    policies: PolicyBook = field(default_factory=PolicyBook)
    library: Library = field(default_factory=EmptyLibrary)

    async def given(self, given: dict[str, Any], runtime: Runtime[RunContext]) -> Any:
        """The format's input, with what it loads for the time of a node's work."""
        owner = runtime.context.owner if runtime.context else RunContext().owner
        return await self.format.load(self.format.parse(given), self.library, owner)

    async def task(self, task: SectionTask, runtime: Runtime[RunContext]) -> SectionTask:
        """The same, for a section's task."""
        given = await self.given(task["input"], runtime)
        return cast(SectionTask, {**task, "input": given.model_dump(mode="json")})

    async def open_model(
        self, runtime: Runtime[RunContext], role: Role = "writing", section: int | None = None
    ) -> Model:
        """The run's model, which tells the run what it costs. Without a context (Studio) it is the default one."""
        model = await self.models.open(runtime.context.model if runtime.context else None)
        return model.reporting(runtime.stream_writer, role, section)

    def policy(self, given: Any) -> Policy:
        """What this service checks the format's text by."""
        return self.policies.apply(self.format.policy(given))

    async def open_layers(self, runtime: Runtime[RunContext], section: int | None = None) -> Layers:
        """The checks beside the local rules, as the settings ask for them; of one section or of the whole."""
        model = await self.open_model(runtime)
        judge = await self.models.open_judge(model)
        return Layers(
            moderator=model if self.models.moderates(model) else None,
            judge=judge and judge.reporting(runtime.stream_writer, "judge", section),
        )
