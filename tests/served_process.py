"""`storywire serve` as a process of its own, as tests of what it writes and how it ends have it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.architecture.tree import ROOT
from tests.fakes.provider import FakeProvider
from tests.service import Client

KEY = "sk-very-secret"
_OURS = ("STORYWIRE_", "OPENAI_", "GOOGLE_", "GEMINI_", "GROQ_", "OLLAMA_", "LANG", "OTEL_")


@asynccontextmanager
async def serve_process(
    folder: Path, provider: FakeProvider, **environment: str
) -> AsyncIterator[tuple[Client, asyncio.subprocess.Process, Path]]:
    """`storywire serve`, its client, its process, and the file that it logs to."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    log_path = folder / "log.txt"
    with log_path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "backend.cli.main", "serve", "--port", "0"),
            cwd=folder,
            env={
                **given,
                "PYTHONPATH": str(ROOT),
                "STORYWIRE_DATA_DIR": str(folder / "data"),
                "STORYWIRE_MODEL": "openai:gpt-test",
                "OPENAI_API_KEY": KEY,
                "OPENAI_BASE_URL": provider.openai_url,
                **environment,
            },
            stdout=log,
            stderr=log,
        )
    client = Client(await _address(log_path, process))
    try:
        yield client, process, log_path
    finally:
        await client.http.aclose()
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _address(log_path: Path, process: asyncio.subprocess.Process) -> str:
    """Where it greets from, once it answers."""
    async with asyncio.timeout(60):
        while process.returncode is None:
            greeting = next((line for line in lines_of(log_path) if "http://" in line), None)
            if greeting is not None:
                address = greeting.split()[-1].rstrip("/")
                async with httpx.AsyncClient(trust_env=False) as http:
                    try:
                        if (await http.get(f"{address}/healthz")).is_success:
                            return address
                    except httpx.TransportError:
                        pass
            await asyncio.sleep(0.05)
    raise AssertionError("\n".join(lines_of(log_path)))


def lines_of(log_path: Path) -> list[str]:
    return log_path.read_text(encoding="utf-8").splitlines()


def logged_in(log_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines_of(log_path) if line.startswith("{")]
