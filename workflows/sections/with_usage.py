"""Wrappers of nodes for LangGraph: with their context, and with the usage of their calls beside their result."""

from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from workflows.messages.messages import CallUsage
from workflows.prompts import dated
from workflows.sections.node_context import Node, NodeContext, NodeServices
from workflows.state import RunContext


def with_context(services: NodeServices, node: Node) -> Any:  # LangGraph's type of a node isn't public
    """The node with its context from LangGraph's runtime. For those that buy nothing."""

    async def call(state: Any, runtime: Runtime[RunContext]) -> dict[str, Any]:
        context = NodeContext(services, runtime)
        with dated(context.run.today):
            return await node(context, state)

    return call


def with_usage(services: NodeServices, node: Node, *, begins: bool = False) -> Any:
    """As `with_context`, for a node that buys. Its result and its usage are one write of the checkpoint: if the
    process dies before readers are told of the cost, the next attempt still has it. A node that `begins` a text
    also begins its account."""

    async def call(state: Any, runtime: Runtime[RunContext]) -> dict[str, Any]:
        spent: list[dict[str, Any]] = []

        def write(item: Any) -> None:
            if isinstance(item, CallUsage):
                spent.append(item.model_dump(exclude_none=True))
            runtime.stream_writer(item)

        context = NodeContext(services, runtime.override(stream_writer=write))
        with dated(context.run.today):
            update = await node(context, state)
        if begins:
            return {**update, "spent": Overwrite(spent)}
        return {**update, "spent": spent} if spent else update

    return call
