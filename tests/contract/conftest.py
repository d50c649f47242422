"""What the contract suites share with the unit tests: a database of a test's own, on every engine."""

from tests.unit.conftest import (
    database,
    database_url,
    empty_database,
    log,
    other_database,
    pytest_generate_tests,
    repository,
)

__all__ = [
    "database",
    "database_url",
    "empty_database",
    "log",
    "other_database",
    "pytest_generate_tests",
    "repository",
]
