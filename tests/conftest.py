"""Fixtures for every test."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.provider import FakeProvider


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    """A fake model provider on a port of its own; set `provider.script` to say what it answers."""
    async with FakeProvider() as running:
        yield running
