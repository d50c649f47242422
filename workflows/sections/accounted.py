"""What a node spent becomes a part of the state, with what it brought."""

from collections.abc import Awaitable, Callable
from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from workflows.messages.messages import CallUsage
from workflows.state import RunContext

Node = Callable[[Any, Runtime[RunContext]], Awaitable[dict[str, Any]]]


def accounted(node: Node, *, begins: bool = False) -> Any:  # LangGraph's type of a node isn't public
    """The same node. Its result and what that cost are one write of the checkpoint: if the process dies
    before readers are told of the cost, whoever goes on with the run still knows it. A node that `begins` a text
    begins its account too."""

    async def work(state: Any, runtime: Runtime[RunContext]) -> dict[str, Any]:
        spent: list[dict[str, Any]] = []

        def write(item: Any) -> None:
            if isinstance(item, CallUsage):
                spent.append(item.model_dump(exclude_none=True))
            runtime.stream_writer(item)

        update = await node(state, runtime.override(stream_writer=write))
        if begins:
            return {**update, "spent": Overwrite(spent)}
        return {**update, "spent": spent} if spent else update

    return work
