"""The graph as LangGraph Studio meets it: `langgraph dev` with the project's `langgraph.json`, offline."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.architecture.tree import ROOT
from tests.fakes.provider import FakeProvider
from workflows.formats.registry import find_format, list_formats

START_SECONDS = 60
# What the development server would otherwise ask or tell other hosts.
OFFLINE = {
    "LANGSMITH_TRACING": "false",
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGGRAPH_NO_VERSION_CHECK": "true",
}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@asynccontextmanager
async def _development_server(folder: Path, provider: FakeProvider) -> AsyncIterator[httpx.AsyncClient]:
    """`langgraph dev` in `folder`, where it may leave its state; the graphs and their list are the project's."""
    for name in ("langgraph.json", "workflows"):
        (folder / name).symlink_to(ROOT / name)
    port = _free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("STORYWIRE_", "LANG"))},
        **OFFLINE,
        "PYTHONPATH": str(ROOT),
        "STORYWIRE_MODEL": "openai:gpt-test",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": provider.openai_url,
    }
    log_path = folder / "log.txt"
    with log_path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload"),
            *("--host", "127.0.0.1", "--port", str(port)),
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False
        ) as client:
            if not await _is_up(client, process):
                raise AssertionError(await asyncio.to_thread(_end_of, log_path))
            yield client
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _is_up(client: httpx.AsyncClient, process: asyncio.subprocess.Process) -> bool:
    """True when it answers, False when it ended instead."""
    async with asyncio.timeout(START_SECONDS):
        while process.returncode is None:
            try:
                if (await client.get("/ok")).is_success:
                    return True
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    return False


def _end_of(log_path: Path) -> str:
    return log_path.read_text(encoding="utf-8", errors="replace")[-4000:]


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field, whether it stands there or is referred to."""
    if "$ref" not in node:
        return node
    return dict(schema["$defs"][node["$ref"].removeprefix("#/$defs/")])


@pytest.mark.timeout(90)
async def test_development_server_offers_the_story_as_a_form_and_writes_one(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with _development_server(tmp_path, provider) as client:
        found = (await client.post("/assistants/search", json={})).raise_for_status().json()
        assistants = {each["graph_id"]: each for each in found}
        assistant = assistants["story"]
        schemas = (await client.get(f"/assistants/{assistant['assistant_id']}/schemas")).json()
        started = {"assistant_id": "story", "input": {"input": {"theme": "a lighthouse on the moon"}}}
        finished = await client.post("/runs/wait", json={**started, "context": {"parallel": 2}})
        waiting = await client.post("/runs/wait", json={**started, "context": {"review_outline": True}})

    assert set(assistants) == set(list_formats())

    # Studio makes its forms from these; without them it shows an empty box for JSON.
    form = schemas["input_schema"]
    story = _resolve(form, form["properties"]["input"])
    assert set(story["properties"]) == set(find_format("story").Input.model_fields)
    assert story["required"] == ["theme"]
    assert story["properties"]["theme"]["description"]
    assert _resolve(form, story["properties"]["reader"])["properties"]["age"]["maximum"] == 14
    assert set(schemas["context_schema"]["properties"]) == {"model", "owner", "parallel", "review_outline"}
    assert schemas["output_schema"] is not None

    state = finished.raise_for_status().json()
    assert len(state["sections"]) == len(state["outline"]["sections"])
    assert all(section["text"] for section in state["sections"].values())
    assert state["safety"]["approved"]
    assert state["results"]["choices"]
    assert state["metadata"]["word_count"] > 0
    assert waiting.raise_for_status().json()["__interrupt__"][0]["value"]["kind"] == "outline"
