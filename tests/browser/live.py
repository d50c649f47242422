"""The real service for a browser to go to: in a process of its own, or in a thread, which is there at once."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import start_blocking_portal

from tests import service
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Script
from tests.ports import find_port

_OURS = ("STORYWIRE_", "OPENAI_", "GOOGLE_", "GEMINI_", "GROQ_", "OLLAMA_")


@contextmanager
def serve(folder: Path, **environment: str) -> Iterator[str]:
    """`storywire serve` as its users start it; yields its address."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    port = find_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend.cli.main", "serve"],
            cwd=Path(__file__).parents[2],
            env={
                **given,
                "STORYWIRE_DATA_DIR": str(folder / "data"),
                "STORYWIRE_RUNTIME_DIR": str(folder / "runtime"),
                "STORYWIRE_PORT": str(port),
                **environment,
            },
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "the service did not start"
            try:
                if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        assert process.wait(30) == 0


@contextmanager
def serve_scripted(folder: Path, script: Script, **settings: Any) -> Iterator[str]:
    """The service in a thread, with a provider that answers by a script; yields its address."""
    provider = FakeProvider(script)
    provider.start()
    given = service.settings_for(provider, folder / "data", **settings)
    try:
        with (
            start_blocking_portal("asyncio") as portal,
            portal.wrap_async_context_manager(service.serve(given)) as live,
        ):
            yield live.client.base_url
    finally:
        provider.stop()
