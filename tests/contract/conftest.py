"""What the contract suites share with the unit tests: a database of a test's own."""

from tests.unit.conftest import database, empty_database, log, repository

__all__ = ["database", "empty_database", "log", "repository"]
