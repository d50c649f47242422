"""Data folders of the service, created and checked before anything is opened in them."""

from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal

from backend.settings import Settings, SettingsError

CHECKPOINTS = "checkpoints.db"
"""The file of the checkpoints, beside the database's."""
_MAGIC = b"SQLite format 3\0"


def open_folders(settings: Settings) -> None:
    """Creates the folders, readable by their owner alone.

    Raises SettingsError, with a sentence that names the setting and the folder, where the service can't write.
    """
    names = {settings.data_dir: "STORYWIRE_DATA_DIR", settings.state_dir: "STORYWIRE_DATABASE_URL"}
    names[settings.data_dir] = "STORYWIRE_DATA_DIR"  # where both are the same folder
    for folder, setting in names.items():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with TemporaryFile(dir=folder):
                pass
            if settings.has_queue:
                continue
            for name in (settings.database_file.name, CHECKPOINTS):
                _check_file(folder / name)
        except OSError as error:
            raise SettingsError(
                f"{setting}: {error.filename or folder} can't be written ({error.strerror}). Storywire keeps its data "
                f"in the folder {folder}: name one that it may write to, or give it the right to write there."
            ) from None


def is_database(file: Path, mode: Literal["rb", "r+b"] = "rb") -> bool:
    """Whether the file is a SQLite database, or empty, as one is that nothing was written to yet. Raises OSError."""
    with file.open(mode) as opened:
        return opened.read(len(_MAGIC)) in (_MAGIC, b"")


def _check_file(file: Path) -> None:
    if file.exists() and not is_database(file, "r+b"):
        raise OSError(None, "it is no SQLite database", str(file))
