"""A live service with a proxy in front of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.proxy import Proxy, proxy
from tests.fakes.provider import FakeProvider
from tests.service import LiveService, serve, settings_for


@dataclass
class World:
    """The service, what is between it and its clients, and who writes for it."""

    service: LiveService
    proxy: Proxy
    provider: FakeProvider

    @property
    def url(self) -> str:
        """Where clients find the service: behind the proxy."""
        return self.proxy.url


@pytest.fixture
async def world(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[World]:
    settings = settings_for(provider, tmp_path, retry_ms=10)
    async with serve(settings) as service, proxy(service.client.base_url) as between:
        yield World(service, between, provider)
