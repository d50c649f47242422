"""The service as a process of its own: what it logs about runs, and how it leaves."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.architecture.tree import ROOT
from tests.fakes.collector import Collector
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import Client

KEY, LANGSMITH_KEY = "sk-very-secret", "lsv2_secret"
STORY = {"theme": "quokkas", "reader": {"name": "Zilpah"}, "custom_user_input": "a marmalade bridge"}
_OURS = ("STORYWIRE_", "OPENAI_", "GOOGLE_", "GEMINI_", "GROQ_", "OLLAMA_", "LANG", "OTEL_")


@asynccontextmanager
async def _service(
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
            greeting = next((line for line in _lines(log_path) if "http://" in line), None)
            if greeting is not None:
                address = greeting.split()[-1].rstrip("/")
                async with httpx.AsyncClient(trust_env=False) as http:
                    try:
                        if (await http.get(f"{address}/healthz")).is_success:
                            return address
                    except httpx.TransportError:
                        pass
            await asyncio.sleep(0.05)
    raise AssertionError("\n".join(_lines(log_path)))


def _lines(log_path: Path) -> list[str]:
    return log_path.read_text(encoding="utf-8").splitlines()


def _logged(log_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _lines(log_path) if line.startswith("{")]


async def test_process_logs_runs_by_id_without_secrets_or_texts_and_leaves_when_told(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script((Rule(Reply(text="Zilpah hums a tune. ", words=40), structured=False),))
    environment = {
        "STORYWIRE_DRAIN_SECONDS": "600",
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_API_KEY": LANGSMITH_KEY,
    }
    async with (
        Collector("hang") as collector,
        _service(tmp_path, provider, LANGSMITH_ENDPOINT=collector.url, **environment) as (
            client,
            process,
            log_path,
        ),
    ):
        good = await client.start(input=STORY, keep_length=False)
        await client.read(good)
        assert (await client.run(good))["status"] == "completed"  # which waits until its end is stored
        provider.script = Script((Rule(Reply(fault=Fault("status", status=503)), structured=False),))
        bad = await client.start(input=STORY, keep_length=False)
        await client.read(bad)

        # It is told to stop: it says so as long as the port is open, and takes nothing more.
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            while (ready := await client.http.get("/readyz")).status_code == 200:
                pass
        assert ready.json()["status"] == "the service is stopping"
        assert (await client.http.get("/healthz")).status_code == 200
        body = {"format": "story", "input": STORY}
        assert (await client.http.post("/api/v1/runs", json=body)).status_code == 503
        # A second time: now. LangSmith hangs, and doesn't hold it up.
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await process.wait() == 0
        assert collector.posted
        assert collector.answered == 0

    # What was sent there was masked, also what the library would have sent by itself.
    sent = b"".join(posted.body for posted in collector.posted)
    for secret in (KEY, LANGSMITH_KEY, "Zilpah", "marmalade"):
        assert secret.encode() not in sent

    logged = _logged(log_path)
    of_runs = [line for line in logged if line["event"].startswith("run_")]
    assert [(line["event"], line["run_id"]) for line in of_runs] == [
        ("run_begins", good),
        ("run_ends", good),
        ("run_begins", bad),
        ("run_failed", bad),
        ("run_ends", bad),
    ]
    assert all(line["format"] == "story" for line in of_runs)
    for line in _lines(log_path):
        about_a_run = good in line or bad in line
        assert not about_a_run or json.loads(line)["run_id"] in (good, bad)
        for secret in (KEY, LANGSMITH_KEY, "Zilpah", "quokka", "marmalade", "hums"):
            assert secret not in line
