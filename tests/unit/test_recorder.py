"""Which files a service's recorder touches, and where."""

import threading
from pathlib import Path

import pytest

from backend.runs.attempt.recording import RunRecorder
from backend.store.runs import RunRepository
from tests.unit.stored_runs import add_run
from tests.unit.test_cassette import call, write
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.settings import ModelSettings


@pytest.fixture
def models(tmp_path: Path) -> ModelCatalog:
    """Models of which one is a cassette, so that none is called."""
    (tmp_path / "played").mkdir()
    write(tmp_path / "played" / "a.jsonl", call(1))
    return ModelCatalog(ModelSettings(_env_file=None, replay_dir=tmp_path / "played"))


async def test_what_was_recorded_before_is_read_beside_the_event_loop(
    models: ModelCatalog, repository: RunRepository, tmp_path: Path
) -> None:
    threads: list[threading.Thread] = []

    def path_of(run_id: str) -> Path:
        threads.append(threading.current_thread())
        return tmp_path / f"{run_id}.jsonl"

    run = await add_run(repository, model="replay:a.jsonl")

    assert len(await RunRecorder(models, path_of).begin(run)) == 1
    assert (tmp_path / f"{run.id}.jsonl").exists() and threading.main_thread() not in threads


async def test_delete_removes_only_the_cassette_of_that_run(models: ModelCatalog, tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    mine, other, outside = folder / "A.jsonl", folder / "B.jsonl", tmp_path / "C.jsonl"
    for path in (mine, other, outside):
        write(path, call(1))
    recorder = RunRecorder(models, lambda run_id: folder / f"{run_id}.jsonl")
    for run_id in ("A", "A", "../C", str(tmp_path / "C"), "never"):
        recorder.delete(run_id)

    assert [path.exists() for path in (mine, other, outside)] == [False, True, True]


async def test_delete_leaves_the_file_alone_that_somebody_asked_for_by_its_name(
    models: ModelCatalog, tmp_path: Path
) -> None:
    write(asked_for := tmp_path / "moon.jsonl", call(1))
    RunRecorder(models, lambda _: asked_for).delete("01M7YDWYET74RN75G05TW10Y7X")

    assert asked_for.exists()
