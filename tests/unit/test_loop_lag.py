"""Lag of the event loop, as the metrics have it."""

import asyncio
import time

from backend.telemetry.loop_lag import measure_loop_lag
from backend.telemetry.prometheus import PrometheusMetrics


async def test_loop_lag_of_a_loop_that_is_held_up_is_as_long_as_that() -> None:
    found: list[float] = []
    asyncio.get_running_loop().call_later(0.01, time.sleep, 0.3)
    await measure_loop_lag(found.append)
    assert found[0] >= 0.2


async def test_loop_lag_is_a_metric() -> None:
    metrics = PrometheusMetrics()
    await measure_loop_lag(metrics.on_loop_lag)
    assert b"storywire_event_loop_lag_seconds_count 1.0" in (metrics.render() or b"")
