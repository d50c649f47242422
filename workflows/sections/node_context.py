"""Context of a node's call, from the services that the graph was built with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

from langgraph.config import get_config
from langgraph.errors import GraphDrained
from langgraph.pregel._read import ChannelRead
from langgraph.runtime import Runtime
from langgraph.types import StreamWriter

from workflows.context import CONTEXT_WORDS, text_before, text_size
from workflows.faults import unfit_sections
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import language_of, load, max_revisions_of, parameters_of
from workflows.lookups import EmptyLookups, Lookups
from workflows.loop_turns import off_loop
from workflows.messages.messages import ModelRole, NodeChanged
from workflows.models.budget.ledger import Ledger, Ledgers
from workflows.models.clients.catalog import Model, ModelCatalog
from workflows.models.clients.model import Fallback
from workflows.safety.pipeline import SafetyPipeline
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.registry import PolicyRegistry
from workflows.section_tasks import is_whole, plan_length, whole_task
from workflows.state import RunContext, Section, SectionTask, State
from workflows.text.streams.length import SectionLength
from workflows.text.words import last_paragraph

_Task = TypeVar("_Task", bound=SectionTask)


@dataclass(frozen=True, slots=True)
class NodeServices:
    """Services shared by all nodes of a graph: the format, models, policies, lookups, ledgers.

    `revisions`: how often a review may have sections written again, if not as often as the format says. `flushed`
    returns when a kill can't take what the tasks of a thread have brought so far, `finished` is what
    they have brought, and `context_words` how much of it a section is shown whole.
    """

    format: AnyFormat
    models: ModelCatalog
    policies: PolicyRegistry = field(default_factory=PolicyRegistry)
    lookups: Lookups = field(default_factory=EmptyLookups)
    revisions: int | None = None
    ledgers: Ledgers = field(default_factory=Ledgers)
    flushed: Callable[[str], Awaitable[None]] | None = None
    finished: Callable[[str], Awaitable[State]] | None = None
    context_words: int = CONTEXT_WORDS


@dataclass(frozen=True, slots=True)
class NodeContext:
    """Context of one call of a node: the graph's services, for the run of LangGraph's runtime."""

    services: NodeServices
    runtime: Runtime[RunContext]

    @property
    def format(self) -> AnyFormat:
        """The format of the run."""
        return self.services.format

    @property
    def run(self) -> RunContext:
        """The run's context beside its input. LangGraph Studio may start a graph without any."""
        return self.runtime.context or RunContext()

    @property
    def publish(self) -> StreamWriter:
        """Sends a message of the protocol to the run's readers."""
        return self.runtime.stream_writer

    @property
    def max_revisions(self) -> int:
        """The number of times that a review may have sections rewritten: as configured, else the format's."""
        return max_revisions_of(self.format) if self.services.revisions is None else self.services.revisions

    @property
    def ledger(self) -> Ledger:
        """The run's ledger. Ledgers aren't data, so they can't be in the context: it is found by the run's id."""
        info = self.runtime.execution_info
        return self.services.ledgers.of(info.thread_id if info else None)

    def policy(self, inputs: Any) -> Policy:
        """The service's policy for the format's text, in its language."""
        policy = self.services.policies.apply(self.format.policy(inputs), inputs)
        return policy.in_language(language_of(self.format, inputs))

    async def inputs(self, stored: dict[str, Any]) -> Any:
        """The format's input, with its large data loaded for the node's call."""
        return await load(self.format, self.format.parse(stored), self.services.lookups, self.run.owner)

    async def whole(self, task: _Task) -> _Task:
        """The task with what the state of its step has for it: the same when it is taken up again."""
        if is_whole(task):
            return task
        state = _state_of_step()
        return cast(
            _Task, await off_loop(text_size(state), whole_task, state, task, self.services.context_words)
        )

    async def task(self, task: SectionTask) -> SectionTask:
        """A section's task with the loaded input. Of sections that are written at once, each sees what is finished, and
        makes up for it when it is written first."""
        inputs = await self.inputs(task["input"])
        found = (
            {}
            if self.run.parallel == 1
            else await self._text_so_far(task["index"], is_first="section" not in task)
        )
        return cast(SectionTask, {**task, **found, "input": inputs.model_dump(mode="json")})

    def state_with(self, task: SectionTask, section: Section, length: SectionLength | None) -> State:
        """The run's state as a review of a section sees it that has just been written, one after another: with all
        sections before it."""
        index = section["index"]
        found = _state_of_step()
        before, lengths = found.get("sections", {}), found.get("lengths", {})
        state = {
            **found,
            **{name: task[name] for name in ("input", "outline", "notes", "research")},
            "facts": task["facts"] or {},
            "sections": {**{place: one for place, one in before.items() if place < index}, index: section},
            "lengths": {**lengths, index: length} if length is not None else lengths,
        }
        return cast(State, state)

    async def _finished(self) -> State:
        """The sections that are finished, and the notes on them; nothing without a checkpointer."""
        info, finished = self.runtime.execution_info, self.services.finished
        if finished is None or info is None or info.thread_id is None:
            return State()
        return await finished(info.thread_id)

    async def _text_so_far(self, index: int, *, is_first: bool) -> dict[str, Any]:
        if not (state := await self._finished()):
            return {}
        before = None if index - 1 in unfit_sections(state) else state.get("sections", {}).get(index - 1)
        length = {}
        if is_first:
            found = await off_loop(text_size(state), partial(plan_length, is_beside=True), state, index)
            length = dict(zip(("target_words", "ask_words"), found, strict=True))
        return {
            **length,
            "text_so_far": await off_loop(
                text_size(state), text_before, state, index, self.services.context_words
            ),
            "last_paragraph": last_paragraph(before["text"]) if before else "",
        }

    async def open_model(
        self, role: ModelRole = "writing", section: int | None = None, *, shares: bool = False
    ) -> Model:
        """The run's model for this role, which reports its costs to the run, with a fallback if configured. It
        `shares` the run's budget if it is for a section, or works beside one."""
        models, publish = self.services.models, self.publish
        account = publish, role, section, self.ledger
        defaults = parameters_of(self.format, role)
        model = (await models.open(self.run.model, role, defaults)).reporting(*account, shares=shares)
        if (open_fallback := models.fallback(self.run.model, role, defaults)) is None:
            return model

        async def open_other() -> Model:
            return (await open_fallback()).reporting(*account, shares=shares)

        node = str(get_config()["metadata"]["langgraph_node"])
        place = "" if section is None else f"Section {section + 1}: "

        def publish_notice(message: str) -> None:
            publish(NodeChanged(node=node, status="started", message=f"{place}{message}"))

        return model.falling_back(Fallback(open_other, publish_notice))

    async def open_reviewer(self) -> Model:
        """The judge for a format's own review; the run's model where no judge is configured."""
        writer = await self.services.models.open(self.run.model)
        return await self.open_model("judge" if self.services.models.has_judge(writer) else "writing")

    async def open_pipeline(self, section: int | None = None) -> SafetyPipeline:
        """The configured checks beside the local rules; of one section or of the whole."""
        models = self.services.models
        writer = await models.open(self.run.model)
        return SafetyPipeline(
            moderator=writer if models.moderates(writer) else None,
            judge=await self.open_model("judge", section) if models.has_judge(writer) else None,
        )

    async def await_durable(self) -> None:
        """Returns when more may be bought beside other sections: finished ones are stored, so that a kill loses
        no more than those being written. Raises GraphDrained where the service is about to stop."""
        if self.runtime.drain_requested:
            raise GraphDrained(self.runtime.drain_reason or "shutdown")
        info, flushed = self.runtime.execution_info, self.services.flushed
        if flushed is not None and info and info.thread_id:
            await flushed(info.thread_id)


def _state_of_step() -> State:
    """The graph's state at the start of the step that goes on, without what its tasks have brought."""
    return cast(State, ChannelRead.do_read(get_config(), select=list(State.__annotations__)))


Node = Callable[[NodeContext, Any], Awaitable[dict[str, Any]]]
"""What a node is: its context and the state, or a task → what the state learns."""
