"""Secrets in files, as Docker and Kubernetes hand them out: read at the start, and again when they change."""

from functools import cache
from pathlib import Path


class SecretFile:
    """A file of one line. What it held last goes on counting while it can't be read: some replace it in two steps."""

    def __init__(self, path: Path) -> None:
        """Raises ValueError, which never shows what is in it, for a file that is empty or can't be read."""
        self._path = path
        self._stamp = self._look()
        self._text = self._load()

    def read(self) -> str:
        """What it holds now."""
        try:
            stamp = self._look()
            if stamp != self._stamp:
                self._text = self._load()
                self._stamp = stamp
        except ValueError:
            pass
        return self._text

    def _look(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError as error:
            raise ValueError(f"{self._path} can't be read ({type(error).__name__})") from None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _load(self) -> str:
        try:
            text = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{self._path} can't be read ({type(error).__name__})") from None
        if not text:
            raise ValueError(f"{self._path} is empty")
        return text


@cache
def open_secret_file(path: Path) -> SecretFile:
    """The file at this path, the same for all who ask. Raises ValueError."""
    return SecretFile(path)
