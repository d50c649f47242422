"""What the README tells to type, typed: the commands are taken from the page as they are printed."""

import asyncio
import json
import os
import re
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from httpx2 import EventSource, Request, Response

from tests.architecture.tree import code_blocks
from tests.fakes.provider import FakeProvider
from tests.missing import give_up
from tests.service import serve, settings_for

ADDRESS = "http://127.0.0.1:8000"
_OURS = ("STORYWIRE_", "OPENAI_", "GOOGLE_", "GEMINI_", "GROQ_", "OLLAMA_")


def _curl(option: str) -> str:
    """The README's command that begins so."""
    [command] = [
        block for block in code_blocks(Path("README.md"), "sh") if block.startswith(f"curl {option} ")
    ]
    assert ADDRESS in command
    return command


async def _type(command: str) -> str:
    """Its standard output, once it has ended."""
    if shutil.which("curl") is None:
        give_up("no curl on this machine")
    process = await asyncio.create_subprocess_shell(command, stdout=PIPE, stderr=PIPE)
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_curl_line_of_the_readme_streams_a_whole_story(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        output = await _type(_curl("-N").replace(ADDRESS, service.client.base_url))
        [run] = (await service.client.http.get("/api/v1/runs")).json()["runs"]
        stored = await service.client.run(run["run_id"])
    headers, request = {"Content-Type": "text/event-stream"}, Request("GET", ADDRESS)
    reply = Response(200, headers=headers, text=output, request=request)
    messages = [json.loads(event.data) for event in EventSource(reply) if event.data]

    assert messages[-1]["type"] == "complete"
    assert messages[-1]["data"]["story_content"] == stored["text"]
    assert stored["input"]["theme"] == "a lighthouse on the moon"


async def test_curl_line_of_the_readme_starts_a_run_and_tells_where_it_streams(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        started = json.loads(await _type(_curl("-s").replace(ADDRESS, service.client.base_url)))
        told = await service.client.read(started["run_id"])

    assert started["stream_url"] == f"/api/v1/runs/{started['run_id']}/stream"
    assert told.ending is not None and told.ending["type"] == "complete"


@asynccontextmanager
async def _start(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """`storywire serve` with nothing set but its folder and a free port: what it says, and the page's address."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backend.cli.main", "serve"),
        cwd=folder,
        env={**given, "STORYWIRE_DATA_DIR": str(folder / "data"), "STORYWIRE_PORT": "0", "COLUMNS": "200"},
        stderr=PIPE,
    )
    try:
        yield await _read_banner(process)
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0


async def _read_banner(process: Process) -> tuple[str, str]:
    assert process.stderr is not None
    said = ""
    while (address := re.search(r"Storywire\s+(http://\S+/)", said)) is None or "Model" not in said:
        line = (await process.stderr.readline()).decode()
        assert line, said  # it ended
        said += line
    return said, address[1]


async def _is_ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("readyz")).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.embedded
async def test_second_start_on_the_same_folder_says_where_the_page_is_and_gets_ready(tmp_path: Path) -> None:
    for _ in range(2):
        async with (
            _start(tmp_path) as (said, address),
            httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as http,
        ):
            while not await _is_ready(http):  # noqa: ASYNC110 — the test has a limit of its own
                await asyncio.sleep(0.05)
            page = await http.get("/")
            runs = await http.get("/api/v1/runs")
        assert "embedded:" in said
        assert page.status_code == 200 and "Storywire" in page.text
        assert runs.json()["runs"] == []
