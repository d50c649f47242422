"""Structured logs on standard error: readable text on a terminal, JSON elsewhere."""

import logging
import sys
import traceback
from typing import TextIO

import structlog

from backend.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Configures the logs of the service and of its libraries in one form. The newest call counts."""
    pretty = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not pretty:
        shared.append(structlog.processors.ExceptionRenderer(_traceback))
    renderer: structlog.typing.Processor = (
        # Ours: the pretty tracebacks print local variables, and with them texts and keys.
        structlog.dev.ConsoleRenderer(exception_formatter=_print_traceback)
        if pretty
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Loggers aren't cached: one that was would keep the configuration of its first line.
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    # They tell of every request and connection at info level, with addresses; problems still come through.
    for noisy in (
        "httpx",
        "httpx2",
        "httpcore",
        "httpcore2",
        "openai",
        "google_genai",
        "alembic",
        "uvicorn.access",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Each batch of traces that can't be sent; we say so ourselves, once a minute.
    for noisy in ("langsmith.client", "opentelemetry"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def _traceback(exc_info: structlog.typing.ExcInfo) -> str:
    """Python's traceback, without the values in pydantic's errors: they are the caller's."""
    text = "".join(traceback.format_exception(*exc_info)).rstrip()
    kept, place = [], 0
    while (start := text.find("input_value=", place)) >= 0 and (
        end := text.find(", input_type=", start)
    ) >= 0:
        kept += [text[place:start], "input_value=…"]
        place = end
    return "".join([*kept, text[place:]])


def _print_traceback(out: TextIO, exc_info: structlog.typing.ExcInfo) -> None:
    out.write("\n" + _traceback(exc_info))
