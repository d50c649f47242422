"""Where the tests' own process logs."""

import logging
import sys

import structlog


def reset_log_output() -> None:
    """Sends what a service in this process logs to standard error: never into what a command prints. Tracebacks are
    plain: one in colours and boxes, as by default, takes a second of the processor."""
    structlog.reset_defaults()
    *others, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[*others, renderer], logger_factory=structlog.PrintLoggerFactory(sys.__stderr__)
    )


def forget_configured_logs() -> None:
    """Undoes what a command that ran in this process made of the logs: they would go to a stream that has gone."""
    root = logging.getLogger()
    left = [it for it in root.handlers if not isinstance(it.formatter, structlog.stdlib.ProcessorFormatter)]
    if left != root.handlers:
        root.handlers = left
        root.setLevel(logging.WARNING)
        reset_log_output()
