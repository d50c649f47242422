"""The unit tests' database, for the ports that are implemented in it."""

from tests.unit.conftest import database, empty_database, repository

__all__ = ["database", "empty_database", "repository"]
