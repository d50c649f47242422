"""Opening of metrics and traces, as the settings say."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from backend.settings import Settings
from backend.tasks import every
from backend.telemetry.loop_lag import LOOK_EVERY_SECONDS, measure_loop_lag
from backend.telemetry.metrics import Metrics
from backend.telemetry.observers import Observers, TraceExporter
from backend.telemetry.prometheus import PrometheusMetrics

_LAST_TRACES_SECONDS = 2.0
"""Time for a tracing system to take its last steps when the service stops."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Metrics and traces of a process."""

    metrics: Metrics
    observers: Observers


async def open_telemetry(stack: AsyncExitStack, settings: Settings) -> Telemetry:
    """Metrics and traces, as configured."""
    metrics = PrometheusMetrics() if settings.metrics else Metrics()
    exporters: list[TraceExporter] = []
    stack.push_async_callback(_close_exporters, exporters)
    if settings.langsmith_tracing:
        exporters.append(await asyncio.to_thread(_open_langsmith, settings))
    if settings.otlp is not None:
        exporters.append(await asyncio.to_thread(_open_otlp, settings.otlp))
    if settings.metrics:
        look = partial(measure_loop_lag, metrics.on_loop_lag)
        await stack.enter_async_context(every(LOOK_EVERY_SECONDS, look, name="loop_lag"))
    return Telemetry(metrics, Observers(metrics, exporters))


def _open_langsmith(settings: Settings) -> TraceExporter:
    from backend.telemetry.langsmith import LangSmith, LangSmithAccess  # a second of imports

    key = settings.langsmith_api_key.get_secret_value() if settings.langsmith_api_key else None
    return LangSmith(
        LangSmithAccess(settings.langsmith_endpoint, key, settings.langsmith_project, settings.trace_mask)
    )


def _open_otlp(url: str) -> TraceExporter:
    from backend.telemetry.otlp import Otlp  # an extra, which may not be installed

    return Otlp(url)


async def _close_exporters(exporters: list[TraceExporter]) -> None:
    for exporter in exporters:
        await asyncio.to_thread(exporter.close, _LAST_TRACES_SECONDS)
