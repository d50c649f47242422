"""/healthz and /readyz, each time with something really broken."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from structlog.testing import capture_logs

from backend.runs.readiness import Readiness
from backend.store.sqlite.checkpoints import open_checkpoints
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.service import STORY, serve, settings_for

FILES = {"log": ("storywire.db", "log_entries"), "checkpoints": ("checkpoints.db", "checkpoints")}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Somebody else writes, and doesn't finish."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("ROLLBACK")
    connection.close()


@contextmanager
def _gone(path: Path) -> Iterator[None]:
    path.rename(path.with_suffix(".away"))
    yield
    path.with_suffix(".away").rename(path)


@contextmanager
def _without_table(path: Path, table: str) -> Iterator[None]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
    yield
    connection.execute(f"ALTER TABLE elsewhere RENAME TO {table}")
    connection.close()


async def _ready(http: httpx.AsyncClient) -> tuple[int, str]:
    reply = await http.get("/readyz")
    return reply.status_code, reply.json()["status"]


async def test_readyz_tells_what_is_broken_and_healthz_that_the_process_lives(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        http = service.client.http
        with _gone(tmp_path / "checkpoints.db"):
            assert await _ready(http) == (503, "the checkpoints can't be written")
            assert (await http.get("/healthz")).status_code == 200
        resources = service.resources
        files = {what: (tmp_path / name, table) for what, (name, table) in FILES.items()}
        async with open_checkpoints(tmp_path) as checkpoints:
            stores = {"log": resources.database.check_writable, "checkpoints": checkpoints.check_writable}
            readiness = Readiness(
                resources.engine, resources.models, stores, remember_seconds=0, busy_seconds=0.05
            )
            for what, (path, table) in files.items():
                for breakage in (_locked(path), _gone(path), _without_table(path, table)):
                    with breakage:
                        assert await readiness.reason() == f"the {what} can't be written"
                    assert await readiness.reason() is None
        resources.engine.stop_accepting()
        assert await _ready(http) == (503, "the service is stopping")
        refused = await http.post("/api/v1/runs", json={"format": "story", "input": STORY})
        assert (refused.status_code, refused.json()["code"]) == (503, "OVERLOADED")


async def test_readyz_without_a_model_says_which_setting_is_missing(
    provider: FakeProvider, tmp_path: Path
) -> None:
    settings = settings_for(provider, tmp_path, model="groq:llama", GROQ_API_KEY=None)
    async with serve(settings) as service:
        status, reason = await _ready(service.client.http)
    assert status == 503
    assert "GROQ_API_KEY" in reason


async def test_folder_that_is_moved_while_the_service_runs_costs_no_run_a_word_and_readyz_tells(
    provider: FakeProvider, tmp_path: Path
) -> None:
    folder, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    provider.script = Script(rules=(Rule(Reply(hold_after=20), structured=False, nth=2),))
    async with serve(settings_for(provider, folder)) as service:
        run_id = await service.client.start()
        await provider.wait_for_held()
        folder.rename(elsewhere)
        with capture_logs() as logged:
            assert await _ready(service.client.http) == (503, "the log can't be written")
        assert "STORYWIRE_DATA_DIR" in str(logged) and "was moved" in str(logged)
        provider.release()
        told = await service.client.read(run_id)
        assert told.ending is not None and told.ending["type"] == "complete"
        assert told.text == told.ending["story_content"]
        elsewhere.rename(folder)
    async with serve(settings_for(provider, folder)) as service:
        again = await service.client.read(run_id)
    assert again.ending == told.ending and again.text == told.text
