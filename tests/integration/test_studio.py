"""The graph as LangGraph Studio meets it: `langgraph dev` with the project's `langgraph.json`, offline."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.architecture.tree import ROOT
from tests.fakes.provider import FakeProvider
from tests.podcasts import EPISODE, script
from tests.ports import find_port
from tests.service import CALLS
from workflows.formats.registry import list_formats
from workflows.state import RunContext

START_SECONDS = 60
EDITED = "The lamp went out, and a whale sang."
# What the development server would otherwise ask or tell other hosts.
OFFLINE = {
    "LANGSMITH_TRACING": "false",
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGGRAPH_NO_VERSION_CHECK": "true",
}


@asynccontextmanager
async def _development_server(folder: Path, provider: FakeProvider) -> AsyncIterator[httpx.AsyncClient]:
    """`langgraph dev` in `folder`, where it may leave its state; the graphs and their list are the project's."""
    for name in ("langgraph.json", "workflows"):
        (folder / name).symlink_to(ROOT / name)
    port = find_port()
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


def _form(schemas: dict[str, Any]) -> dict[str, Any]:
    """The form of a format's own input."""
    form = schemas["input_schema"]
    return _resolve(form, form["properties"]["input"])


def _described(properties: dict[str, dict[str, Any]]) -> list[bool]:
    return ["description" in field for field in properties.values()]


# Small ones, where the format's own example would take long.
INPUTS: dict[str, dict[str, Any]] = {"story": {"theme": "a lighthouse on the moon"}, "podcast": EPISODE}


async def _schemas(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """What the server says of each graph's forms."""
    found = (await client.post("/assistants/search", json={})).raise_for_status().json()
    ids = {each["graph_id"]: each["assistant_id"] for each in found}
    return {name: (await client.get(f"/assistants/{id}/schemas")).json() for name, id in ids.items()}


async def _write_each(client: httpx.AsyncClient, provider: FakeProvider) -> dict[str, dict[str, Any]]:
    """One text of every format: the state that each run leaves."""
    provider.script = script()
    states = {}
    for name, format in list_formats().items():
        inputs = {"input": INPUTS.get(name, dict(format.example))}
        run = {"assistant_id": name, "input": inputs, "context": {"parallel": 2, "keep_length": False}}
        states[name] = (await client.post("/runs/wait", json=run)).raise_for_status().json()
    return states


@pytest.mark.timeout(120)
async def test_development_server_offers_every_format_as_a_form_and_writes_it(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with _development_server(tmp_path, provider) as client:
        forms = await _schemas(client)
        started = {"assistant_id": "story", "input": {"input": INPUTS["story"]}}
        states = await _write_each(client, provider)
        waiting = await client.post("/runs/wait", json={**started, "context": {"review_outline": True}})
        wrong = await client.post("/runs/wait", json={**started, "input": {"input": {"theme": ""}}})
        before, after, bought = await _fork(client, provider)

    # Studio makes its forms from these; without them it shows an empty box for JSON.
    assert set(forms) == set(list_formats())
    for name, schemas in forms.items():
        form, model = _form(schemas), list_formats()[name].Input
        assert set(form["properties"]) == set(model.model_fields)
        assert form.get("required") == model.model_json_schema().get("required")
        assert all(_described(form["properties"])), name
        assert set(schemas["context_schema"]["properties"]) == {field.name for field in fields(RunContext)}
        assert all(_described(schemas["context_schema"]["properties"]))
        assert schemas["output_schema"] is not None
    story = _form(forms["story"])
    assert "theme" in story["properties"] and "required" not in story  # a stored story has its own
    reader = _resolve(forms["story"]["input_schema"], story["properties"]["reader"])
    assert reader["properties"]["age"]["maximum"] == 14

    for name, state in states.items():
        assert "__error__" not in state, (name, state["__error__"])
        assert len(state["sections"]) == len(state["outline"]["sections"])
        assert all(section["text"] for section in state["sections"].values())
        # What the fake provider says of a lesson isn't in its document.
        assert state["safety"]["approved"] or (name == "education_audio" and state["safety"]["marked"])
        assert state["metadata"]["word_count"] > 0
    assert states["story"]["results"]["choices"]
    assert len(states["podcast"]["pieces"]) == 14 and states["podcast"]["facts"]["sources"]
    assert states["discovery_report"]["research"]["area"] == "education"
    assert waiting.raise_for_status().json()["__interrupt__"][0]["value"]["kind"] == "outline"

    error = wrong.json()["__error__"]
    assert error["error"] == "InvalidInput" and "theme" in error["message"]

    # Going back to before the third section, with the second one edited, writes the third and the fourth only.
    assert after["sections"]["0"] == before["sections"]["0"]
    assert after["sections"]["1"]["text"] == EDITED
    assert after["sections"].keys() == before["sections"].keys()
    assert bought == CALLS - 3


async def _fork(
    client: httpx.AsyncClient, provider: FakeProvider
) -> tuple[dict[str, Any], dict[str, Any], int]:
    """A story, the same story from its third section on, and how many calls that took."""
    thread = (await client.post("/threads", json={})).raise_for_status().json()["thread_id"]

    asked = {"assistant_id": "story", "context": {"keep_length": False}}  # as many calls as sections

    async def run(**body: Any) -> dict[str, Any]:
        reply = await client.post(f"/threads/{thread}/runs/wait", json={**asked, **body})
        return dict(reply.raise_for_status().json())

    before = await run(input={"input": {"theme": "a lighthouse on the moon"}})
    history = (await client.get(f"/threads/{thread}/history", params={"limit": 100})).json()
    point = next(
        found
        for found in history
        if found["next"] == ["generate_content"] and len(found["values"]["sections"]) == 2
    )
    edit = {"sections": {"1": {"index": 1, "text": EDITED}}}
    body = {"values": edit, "checkpoint": point["checkpoint"], "as_node": "dispatch"}
    fork = (await client.post(f"/threads/{thread}/state", json=body)).raise_for_status().json()
    made = len(provider.calls)
    after = await run(input=None, checkpoint=fork["checkpoint"])
    return before, after, len(provider.calls) - made
