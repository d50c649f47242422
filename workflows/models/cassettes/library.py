"""Library of the cassettes that may be played, and their places.

A setting may name any file. What a caller of the service names must lie in `STORYWIRE_REPLAY_DIR`: the name in a
run's option comes from outside, and opens nothing else.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workflows.errors import ModelNotConfigured
from workflows.models.cassettes.cassette import Cassette, CassetteError, Header, read_header
from workflows.models.cassettes.player import ReplayChat, read_name
from workflows.models.cassettes.replies import MatchMode, PlaybackPositions, ReplyFinder
from workflows.models.spec import ModelSpec

PROVIDER = "replay"
_KEPT = 16
"""Opened cassettes that are kept in memory: those that were asked for last."""


@dataclass(frozen=True, slots=True)
class OpenCassette:
    """An opened cassette. Its header has the writing model's traits."""

    header: Header
    chat: ReplayChat
    is_judged: bool


@dataclass(frozen=True, slots=True)
class _Opened:
    """An opened file. `seen` is its state when it was read."""

    path: Path
    seen: tuple[int, int]
    cassette: Cassette
    replay: OpenCassette


class CassetteLibrary:
    """Cassettes of one process. A file is read once, and again when it has changed."""

    def __init__(self, folder: Path | None, speed: float, trusted: Iterable[str] = ()) -> None:
        """`folder` holds the cassettes that runs may name; `trusted` names may be of any file."""
        self._folder = folder
        self._speed = speed
        self._trusted = set(trusted)
        self._opened: OrderedDict[ModelSpec, _Opened] = OrderedDict()
        self._played = PlaybackPositions()
        self._reading = asyncio.Lock()

    def check(self, spec: ModelSpec) -> None:
        """Raises ModelNotConfigured with a sentence unless the name is a cassette's, by the file's first line."""
        path, file, *_ = self._find(spec)
        with _refusing(file):
            path.stat()
            read_header(path)

    async def open(self, spec: ModelSpec) -> OpenCassette:
        """Reads the file, which may be long, off the event loop.

        Raises ModelNotConfigured with a sentence when it can't be played.
        """
        path, file, speed, match = self._find(spec)
        async with self._reading:
            with _refusing(file):
                seen, cassette = await asyncio.to_thread(_read, path, list(self._opened.values()))
            known = self._opened.pop(spec, None)
            if known is None or known.cassette is not cassette:
                chat = ReplayChat(ReplyFinder(path.name, cassette, match, self._played), speed)
                replay = OpenCassette(cassette.header, chat, is_judged=cassette.has_role("judge"))
                known = _Opened(path, seen, cassette, replay)
            self._opened[spec] = known  # the last that was asked for
            if len(self._opened) > _KEPT:
                self._opened.popitem(last=False)
        return known.replay

    def trust(self, name: str) -> None:
        """Allows a cassette with its absolute path, `replay:/…`, wherever it is. Other names change nothing."""
        if name.startswith(f"{PROVIDER}:/"):
            self._trusted.add(name)

    def names(self) -> list[ModelSpec]:
        """The cassettes that a run may name."""
        if self._folder is None or not self._folder.is_dir():
            return []
        folder = self._folder.resolve()
        inside = (path for path in folder.glob("*.jsonl") if path.resolve().is_relative_to(folder))
        return [ModelSpec(PROVIDER, path.name) for path in sorted(inside)]

    def _find(self, spec: ModelSpec) -> tuple[Path, str, float, MatchMode]:
        """The path of the cassette, its name in the request, and its playback options."""
        try:
            file, speed, match = read_name(spec.name, self._speed)
        except ValueError as error:
            raise ModelNotConfigured(f"{spec}: {error}.") from None
        return self._locate(spec, file), file, speed, match

    def _locate(self, spec: ModelSpec, file: str) -> Path:
        if str(spec) in self._trusted:
            return Path(file).expanduser()
        if self._folder is None:
            raise ModelNotConfigured(
                "A run may name a cassette only when STORYWIRE_REPLAY_DIR says where cassettes are."
            )
        folder = self._folder.resolve()
        path = (folder / file).resolve()
        if not path.is_relative_to(folder):  # said as of any name that isn't there
            raise ModelNotConfigured(f"There is no cassette {file[:200]}.")
        return path


def _read(path: Path, kept: Sequence[_Opened]) -> tuple[tuple[int, int], Cassette]:
    """The cassette, from memory if the file hasn't changed, whatever the speed."""
    status = path.stat()
    seen = (status.st_mtime_ns, status.st_size)
    for known in kept:
        if (known.path, known.seen) == (path, seen):
            return seen, known.cassette
    return seen, Cassette.read(path)


@contextmanager
def _refusing(file: str) -> Iterator[None]:
    try:
        yield
    except CassetteError as error:
        raise ModelNotConfigured(str(error)) from None
    except OSError:
        raise ModelNotConfigured(f"There is no cassette {file[:200]}.") from None
