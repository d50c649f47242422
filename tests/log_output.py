"""Where the tests' own process logs."""

import sys

import structlog


def reset_log_output() -> None:
    """Sends what a service in this process logs to standard error: never into what a command prints."""
    structlog.reset_defaults()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
