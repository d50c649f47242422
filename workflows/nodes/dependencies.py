"""What every node is given when the graph is built."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from langgraph.config import get_config
from langgraph.errors import GraphDrained
from langgraph.runtime import Runtime

from workflows.formats.base import AnyFormat
from workflows.library import EmptyLibrary, Library
from workflows.models.catalog import Model, ModelCatalog
from workflows.models.fallback import Fallback
from workflows.models.ledger import Ledger, Ledgers
from workflows.models.usage import Role
from workflows.page import Notice
from workflows.safety.pipeline import SafetyPipeline
from workflows.safety.policy import Policy
from workflows.safety.registry import PolicyRegistry
from workflows.state import RunContext, SectionTask


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The format that is written, the models to write it with, and the policies it is checked by."""

    format: AnyFormat
    models: ModelCatalog
    policies: PolicyRegistry = field(default_factory=PolicyRegistry)
    library: Library = field(default_factory=EmptyLibrary)
    revisions: int | None = None
    ledgers: Ledgers = field(default_factory=Ledgers)
    settled: Callable[[str], Awaitable[None]] | None = None

    @property
    def max_revisions(self) -> int:
        """How often a review may have sections written again: as set, else as the format has it."""
        return self.format.max_revisions if self.revisions is None else self.revisions

    async def given(self, given: dict[str, Any], runtime: Runtime[RunContext]) -> Any:
        """The format's input, with what it loads for the time of a node's work."""
        owner = runtime.context.owner if runtime.context else RunContext().owner
        return await self.format.load(self.format.parse(given), self.library, owner)

    async def task(self, task: SectionTask, runtime: Runtime[RunContext]) -> SectionTask:
        """The same, for a section's task."""
        given = await self.given(task["input"], runtime)
        return cast(SectionTask, {**task, "input": given.model_dump(mode="json")})

    async def open_model(
        self,
        runtime: Runtime[RunContext],
        role: Role = "writing",
        section: int | None = None,
        *,
        shares: bool = False,
    ) -> Model:
        """The run's model for this role, which tells the run what it costs, and another one to take over if the
        settings name one. Without a context (Studio) it is the default one. It `shares` the run's budget if it is
        for a section, or works beside one."""
        name = _model_name(runtime)
        account = runtime.stream_writer, role, section, self.ledger(runtime)
        model = (await self.models.open(name, role)).reporting(*account, shares=shares)
        if (open_fallback := self.models.fallback(name, role)) is None:
            return model

        async def open_other() -> Model:
            return (await open_fallback()).reporting(*account, shares=shares)

        node = str(get_config()["metadata"]["langgraph_node"])
        place = "" if section is None else f"Section {section + 1}: "

        def tell(message: str) -> None:
            runtime.stream_writer(Notice(kind="notice", node=node, message=f"{place}{message}"))

        return model.falling_back(Fallback(open_other, tell))

    async def turn(self, runtime: Runtime[RunContext]) -> None:
        """Returns when more may be bought beside other sections: what is finished is on the disk, so that a kill
        costs no more than what is being written. Raises GraphDrained where the service is about to stop."""
        if runtime.drain_requested:
            raise GraphDrained(runtime.drain_reason or "shutdown")
        if self.settled is not None and runtime.execution_info and runtime.execution_info.thread_id:
            await self.settled(runtime.execution_info.thread_id)

    def ledger(self, runtime: Runtime[RunContext]) -> Ledger:
        """The run's account. A ledger isn't data, so it can't be in the context: it is found by the run's id."""
        info = runtime.execution_info
        return self.ledgers.of(info.thread_id if info else None)

    async def open_reviewer(self, runtime: Runtime[RunContext]) -> Model:
        """The judge for a format's own review; the run's model where the settings ask for no judge."""
        writer = await self.models.open(_model_name(runtime))
        return await self.open_model(runtime, "judge" if self.models.has_judge(writer) else "writing")

    def policy(self, given: Any) -> Policy:
        """What this service checks the format's text by."""
        return self.policies.apply(self.format.policy(given), given)

    async def open_pipeline(self, runtime: Runtime[RunContext], section: int | None = None) -> SafetyPipeline:
        """The checks beside the local rules, as the settings ask for them; of one section or of the whole."""
        writer = await self.models.open(_model_name(runtime))
        return SafetyPipeline(
            moderator=writer if self.models.moderates(writer) else None,
            judge=await self.open_model(runtime, "judge", section) if self.models.has_judge(writer) else None,
        )


def _model_name(runtime: Runtime[RunContext]) -> str | None:
    return runtime.context.model if runtime.context else None
