"""Logs of the service: the newest configuration counts."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from backend.logs import configure_logs
from backend.settings import load_settings


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """Puts the process's logging back after the test."""
    root, configured = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**configured)


@pytest.mark.usefixtures("logging_as_it_was")
def test_logger_that_has_written_follows_a_later_configuration() -> None:
    log = structlog.get_logger()
    configure_logs(load_settings(_env_file=None, log_format="json"))
    log.info("first")
    configure_logs(load_settings(_env_file=None, log_format="json"))
    with capture_logs() as logged:
        log.info("second")
    assert [line["event"] for line in logged] == ["second"]
