"""The real service in a process of its own, for a browser to go to."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Script

_OURS = ("STORYWIRE_", "OPENAI_", "GOOGLE_", "GEMINI_", "GROQ_", "OLLAMA_")


@contextmanager
def serve(folder: Path, **environment: str) -> Iterator[str]:
    """`storywire serve` as its users start it; yields its address."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    port_taken = FakeProvider()  # holds a port for a moment, so that it is free for the service
    port = port_taken.port
    port_taken.stop()
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
def serve_scripted(folder: Path, script: Script) -> Iterator[str]:
    """The service with a provider that answers by a script."""
    provider = FakeProvider(script)
    provider.start()
    try:
        with serve(
            folder,
            STORYWIRE_MODEL="openai:gpt-test",
            OPENAI_API_KEY="sk-test",
            OPENAI_BASE_URL=provider.openai_url,
        ) as url:
            yield url
    finally:
        provider.stop()
