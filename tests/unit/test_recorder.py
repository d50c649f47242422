"""Which files a service's recorder touches, and where."""

import threading
from pathlib import Path

import pytest

from backend.runs.attempt.recording import RunRecorder
from backend.runs.files import RecordingFolders
from backend.store.runs.runs import RunRepository
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


def test_delete_removes_only_the_cassette_of_that_run_from_every_folder_that_was_ever_set(
    tmp_path: Path,
) -> None:
    folders = [tmp_path / name for name in ("first", "second", "never made")]
    for folder in folders[:2]:
        folder.mkdir()
    paths = [folder / f"{name}.jsonl" for folder in folders[:2] for name in "AB"] + [tmp_path / "C.jsonl"]
    for path in paths:
        write(path, call(1))
    listed = tmp_path / "data" / "recording-folders"
    for folder in (*folders, folders[0]):
        RecordingFolders(listed, folder)
    assert len(listed.read_text().splitlines()) == 3
    recordings = RecordingFolders(listed, None)  # what was set is set no more
    for run_id in ("A", "A", "../C", str(tmp_path / "C"), "never"):
        recordings.delete(run_id)

    assert [path.exists() for path in paths] == [False, True, False, True, True]


def test_folders_of_recordings_are_none_where_none_was_ever_set(tmp_path: Path) -> None:
    RecordingFolders(tmp_path / "data" / "recording-folders", None).delete("A")
    assert not (tmp_path / "data").exists()
