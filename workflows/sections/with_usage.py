"""Nodes as LangGraph calls them: with their context, and with what a call cost beside its result."""

from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from workflows.messages.messages import CallUsage
from workflows.prompts import dated
from workflows.sections.node_context import Node, NodeContext, NodeServices
from workflows.state import RunContext


def with_context(services: NodeServices, node: Node) -> Any:  # LangGraph's type of a node isn't public
    """The node, given its context by LangGraph's runtime. For those that buy nothing."""

    async def call(state: Any, runtime: Runtime[RunContext]) -> dict[str, Any]:
        context = NodeContext(services, runtime)
        with dated(context.run.today):
            return await node(context, state)

    return call


def with_usage(services: NodeServices, node: Node, *, begins: bool = False) -> Any:
    """The same for a node that buys. Its result and what that cost are one write of the checkpoint: if the process
    dies before readers are told of the cost, whoever goes on with the run still knows it. A node that `begins` a
    text begins its account too."""

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
