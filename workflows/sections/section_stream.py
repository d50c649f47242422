"""Path of a section's messages to the run's stream: at once, or by way of a provider's moderation."""

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from langgraph.types import StreamWriter

from workflows.models.clients.catalog import Model
from workflows.sections.moderated_stream import ModeratedStream
from workflows.sections.node_context import NodeContext
from workflows.state import Section, SectionTask


class SectionStream(Protocol):
    """Path of a section's messages to the run's stream."""

    @property
    def publish(self) -> StreamWriter:
        """Takes the section's messages."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def finish(self, section: Section) -> Section:
        """The finished section for the state, once all of it that may be shown has been."""


@dataclass(frozen=True, slots=True)
class PlainStream:
    """Path of a section whose sentences no provider moderates."""

    publish: StreamWriter

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def finish(self, section: Section) -> Section:
        """The section as it is."""
        return section


def open_stream(context: NodeContext, task: SectionTask, model: Model) -> SectionStream:
    """The path of the task's section, which `model` writes: moderated where a policy shows it by sentences, and the
    settings ask for that."""
    limits = context.services.models.sentence_moderation(model)
    if limits is None:
        return PlainStream(context.publish)
    policy = context.policy(context.format.parse(task["input"]))
    if policy.gate != "sentence":
        return PlainStream(context.publish)
    return ModeratedStream(task["index"], context.publish, model, policy, limits, time.monotonic)
