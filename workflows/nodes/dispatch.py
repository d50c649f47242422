"""Node at which sections fan out, and join again."""

from typing import Any

from workflows.state import State


async def dispatch(state: State) -> dict[str, Any]:
    """Does nothing itself: `routing.route_sections` decides the next tasks.

    A section's task sees its own small input, not the state, so the decision can't be made there.
    """
    del state
    return {}
