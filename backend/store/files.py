"""Port of the service's files: uploads, recordings, and output folders.

Each implementation passes `tests/contract/test_files.py`.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol, TypeVar

_T = TypeVar("_T")
_LONGEST_PART = 120


class NoSuchFile(LookupError):
    """Error of a file that doesn't exist."""


class FileStore(Protocol):
    """Files by name. A name is one or more parts joined by `/`, of letters, digits, `.`, `_` and `-`, none of
    which begins with a dot; any other raises ValueError."""

    async def write(self, name: str, data: bytes) -> None:
        """Writes or replaces the file, atomically."""

    async def append(self, name: str, data: bytes) -> None:
        """Appends to the file, creating it if need be. A crash may leave a part of `data` there."""

    async def read(self, name: str) -> bytes:
        """The file's bytes. Raises NoSuchFile."""

    async def delete(self, name: str) -> None:
        """Deletes the file, if it exists."""

    async def names(self, prefix: str = "") -> list[str]:
        """The names with this prefix, in order."""


class LocalFiles:
    """A `FileStore` in a folder, which is created with the first file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def write(self, name: str, data: bytes) -> None:
        """See `FileStore`."""
        await self._in_thread(name, lambda path: _replace(path, data))

    async def append(self, name: str, data: bytes) -> None:
        """See `FileStore`."""
        await self._in_thread(name, lambda path: _append(path, data))

    async def read(self, name: str) -> bytes:
        """See `FileStore`."""
        try:
            return await self._in_thread(name, Path.read_bytes)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NoSuchFile(name) from None

    async def delete(self, name: str) -> None:
        """See `FileStore`."""
        await self._in_thread(name, _delete)

    async def names(self, prefix: str = "") -> list[str]:
        """See `FileStore`."""
        return await asyncio.to_thread(self._names, prefix)

    async def _in_thread(self, name: str, work: Callable[[Path], _T]) -> _T:
        _check(name)
        return await asyncio.to_thread(work, self._folder / name)

    def _names(self, prefix: str) -> list[str]:
        found = (path.relative_to(self._folder) for path in self._folder.rglob("*") if path.is_file())
        visible = (path.as_posix() for path in found if not path.name.startswith("."))
        return sorted(name for name in visible if name.startswith(prefix))


class MemoryFiles:
    """A `FileStore` that lasts as long as the process."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    async def write(self, name: str, data: bytes) -> None:
        """See `FileStore`."""
        self._files[_check(name)] = data

    async def append(self, name: str, data: bytes) -> None:
        """See `FileStore`."""
        self._files[_check(name)] = self._files.get(name, b"") + data

    async def read(self, name: str) -> bytes:
        """See `FileStore`."""
        if _check(name) not in self._files:
            raise NoSuchFile(name)
        return self._files[name]

    async def delete(self, name: str) -> None:
        """See `FileStore`."""
        self._files.pop(_check(name), None)

    async def names(self, prefix: str = "") -> list[str]:
        """See `FileStore`."""
        return sorted(name for name in self._files if name.startswith(prefix))


def _check(name: str) -> str:
    for part in name.split("/"):
        plain = part.replace(".", "").replace("_", "").replace("-", "")
        if not plain.isascii() or not plain.isalnum() or part.startswith(".") or len(part) > _LONGEST_PART:
            raise ValueError(
                f"{name[:_LONGEST_PART]!r} is no name of a file: parts of letters, digits, . _ and -, "
                "joined by /, are expected"
            )
    return name


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as draft:
        try:
            draft.write(data)
            draft.flush()
            os.fsync(draft.fileno())
            Path(draft.name).replace(path)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise


def _delete(path: Path) -> None:
    with suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
        path.unlink()


def _append(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)
