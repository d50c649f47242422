"""`storywire runs` on a service, from any machine by its address and a key; and what Ctrl-C does to a run there."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from backend.cli.runs.watching import Watching, leave
from backend.cli.service_client import Service
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.people import BODY, Person, add_person, make_key, serve_accounts
from tests.service import serve, settings_for

RUNS = "/api/v1/runs"


async def _storywire(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Status, standard output, standard error."""
    runner = CliRunner(env={"COLUMNS": "200", **environment})
    told = await asyncio.to_thread(runner.invoke, app, arguments)
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    return told.exit_code, told.stdout, told.stderr


async def test_runs_of_a_service_are_worked_with_from_anywhere_by_its_address_and_a_key(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORYWIRE_DATA_DIR", str(tmp_path / "nothing-here"))
    async with serve_accounts(provider, tmp_path) as service:
        noa = await add_person(service, "noa")
        there = {
            "STORYWIRE_SERVER": service.client.base_url,
            "STORYWIRE_KEY": await make_key(noa, "runs:read", "runs:write"),
        }
        run = (await noa.http.post(f"{RUNS}?wait=true", json=BODY)).json()
        await _look(run, there)
        await _share(run["run_id"], noa, there)
        await _be_refused(run["run_id"], there)
        assert (await _storywire("runs", "delete", run["run_id"], "--yes", **there))[0] == 0
        assert (await noa.http.get(RUNS)).json()["runs"] == []


async def _look(run: dict[str, Any], there: dict[str, str]) -> None:
    run_id = run["run_id"]
    status, listed, said = await _storywire("runs", "list", "--json", **there)
    assert status == 0, said
    assert [found["run_id"] for found in json.loads(listed)] == [run_id]
    assert run_id in (await _storywire("runs", "list", "--status", "completed", **there))[1]
    assert (await _storywire("runs", "show", run_id, **there))[1].strip() == run["text"]
    assert json.loads((await _storywire("runs", "show", run_id, "--json", **there))[1])["text"] == run["text"]
    status, told, said = await _storywire("runs", "follow", run_id, **there)
    assert (status, told.strip()) == (0, run["text"]), said
    lines = (await _storywire("runs", "follow", run_id, "--json", **there))[1].splitlines()
    messages = [json.loads(line) for line in lines]
    assert messages[-1]["type"] == "complete" and messages[-1]["data"]["story_content"] == run["text"]
    [version] = json.loads((await _storywire("runs", "versions", run_id, "--json", **there))[1])
    assert (version["number"], version["run_id"]) == (1, run_id)
    assert "first" in (await _storywire("runs", "versions", run_id, **there))[1]
    status, file, _ = await _storywire("runs", "export", run_id, "--as", "txt", **there)
    assert status == 0 and _read(file.strip()) == run["text"] + "\n"


def _read(path: str) -> str:
    return Path(path).read_text()


async def _share(run_id: str, noa: Person, there: dict[str, str]) -> None:
    status, link, _ = await _storywire("runs", "share", run_id, "--days", "3", **there)
    assert status == 0 and link.startswith(f"{there['STORYWIRE_SERVER']}/shared/")
    assert (await noa.http.get(link.strip())).status_code == 200
    shared = json.loads((await _storywire("runs", "share", run_id, "--revoke", "--json", **there))[1])
    assert shared == {"run_id": run_id, "shared": False}
    assert (await noa.http.get(link.strip())).status_code == 404


async def _be_refused(run_id: str, there: dict[str, str]) -> None:
    stranger = {**there, "STORYWIRE_KEY": "sw_wrong"}
    status, shown, said = await _storywire("runs", "show", run_id, **stranger)
    assert (status, shown) == (1, "") and "Give a key" in said and "sw_wrong" not in said
    for verb in ("show", "follow", "versions", "share", "cancel", "quote", "resume"):
        status, shown, said = await _storywire("runs", verb, "01NONE", **there)
        assert (status, shown) == (1, "") and "There is no run" in said, verb
    status, _, said = await _storywire("runs", "list", "--server", "http://127.0.0.1:1")
    assert status == 1 and "There is no service at" in said
    status, _, said = await _storywire("runs", "follow", "R", "--server", "http://127.0.0.1:1")
    assert (
        status != 0 and "There is no service at http://127.0.0.1:1 (" in said
    )  # at once, and not after a minute
    status, _, said = await _storywire("runs", "list", "--server", "nonsense")
    assert status == 1 and "nonsense is no address of a service" in said


async def test_interrupt_detaches_from_a_run_on_a_service_or_cancels_it_as_asked(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False, nth=1),))
    async with serve(settings_for(provider, tmp_path)) as running:
        service = Service(running.client.base_url)
        command = [
            sys.executable,
            "-m",
            "backend.cli.main",
            "generate",
            "story",
            "--theme",
            "space",
            "--server",
        ]
        process = await asyncio.create_subprocess_exec(
            *command,
            service.base,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "STORYWIRE_DATA_DIR": str(tmp_path / "other")},
        )
        assert process.stdout is not None
        await process.stdout.read(10)  # it is being written
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
        [run] = (await running.client.http.get(RUNS)).json()["runs"]
        assert process.returncode == 130 and run["status"] == "running"
        assert f"storywire runs follow {run['run_id']} --server {service.base}" in said.decode()
        assert leave(None, "01HERE", Watching()).endswith("Go on with it: storywire runs resume 01HERE")

        sentence = await asyncio.to_thread(leave, service, run["run_id"], Watching(on_interrupt="cancel"))
        assert sentence.startswith("Cancelled.")
        assert (await running.client.run(run["run_id"]))["status"] == "cancelled"
