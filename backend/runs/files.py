"""Files of runs beside the database: checkpoints and recordings."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver


class RecordingFolders:
    """Folders in which runs are recorded: that of the settings, and those of earlier settings, which a list beside the
    database holds. A recording that was requested by a name of its own is in none of them."""

    def __init__(self, listed: Path, folder: Path | None) -> None:
        """`listed` is the file of the list, a folder a line."""
        self._folders = [Path(line) for line in _read_lines(listed)]
        if folder is not None and folder.absolute() not in self._folders:
            self._folders.append(folder.absolute())
            listed.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with listed.open("a", encoding="utf-8") as file:
                file.write(f"{self._folders[-1]}\n")

    def delete(self, run_id: str) -> None:
        """Deletes the recording of the run, if any."""
        for path in (recording_of(folder, run_id) for folder in self._folders):
            if path.name == f"{run_id}.jsonl":  # and so in the folder itself
                with suppress(NotADirectoryError):
                    path.unlink(missing_ok=True)


def recording_of(folder: Path, run_id: str) -> Path:
    """The file of a run's recording."""
    return folder / f"{run_id}.jsonl"


def _read_lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Files of runs beside the database: checkpoints, where they aren't in it, and recordings."""

    checkpoints: BaseCheckpointSaver[Any] | None
    recordings: RecordingFolders | None

    async def delete(self, run_id: str) -> None:
        """Deletes the files of a run."""
        await self.delete_checkpoints([run_id])
        self.delete_recording(run_id)

    async def delete_checkpoints(self, run_ids: Iterable[str]) -> None:
        """Deletes the checkpoints of these runs, and nothing else."""
        if self.checkpoints is not None:
            for run_id in run_ids:
                await self.checkpoints.adelete_thread(run_id)

    def delete_recording(self, run_id: str) -> None:
        """Deletes the recording of a run, if there is one."""
        if self.recordings is not None:
            self.recordings.delete(run_id)
