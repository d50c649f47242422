"""Lag of the event loop: how late it is for what is due."""

import asyncio
from collections.abc import Callable

LOOK_EVERY_SECONDS = 0.2
_STEP_SECONDS = 0.05


async def measure_loop_lag(observe: Callable[[float], None]) -> None:
    """Calls `observe` with the seconds by which one timer was late."""
    loop = asyncio.get_running_loop()
    due = loop.time() + _STEP_SECONDS
    await asyncio.sleep(_STEP_SECONDS)
    observe(max(0.0, loop.time() - due))
