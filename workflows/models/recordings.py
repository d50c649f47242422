"""Which recordings may be played, and where they are.

A setting may name any file. What a caller of the service names must lie in `STORYWIRE_REPLAY_DIR`: the name in a
run's option comes from outside, and opens nothing else.
"""

from dataclasses import dataclass
from pathlib import Path

from workflows.errors import ModelNotConfigured
from workflows.models.recording import Header, Recording, RecordingError
from workflows.models.replay import ReplayChat, Score, read_name
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec

PROVIDER = "replay"


@dataclass(frozen=True, slots=True)
class Replay:
    """An opened recording: how it wants to be talked to is in its header."""

    header: Header
    chat: ReplayChat
    is_judged: bool


class Recordings:
    """The recordings of one process. A file is read once, and again when it changed."""

    def __init__(self, settings: ModelSettings) -> None:
        self._folder = settings.replay_dir
        self._speed = settings.replay_speed
        # Whatever the operator wrote into a setting is the operator's own choice of a file.
        self._trusted = {value for value in settings.model_dump().values() if isinstance(value, str)}
        self._opened: dict[ModelSpec, tuple[tuple[int, int], Replay]] = {}

    def open(self, spec: ModelSpec) -> Replay:
        """Raises ModelNotConfigured with a sentence when it can't be played."""
        try:
            file, speed, match = read_name(spec.name, self._speed)
        except ValueError as error:
            raise ModelNotConfigured(f"{spec}: {error}.") from None
        path = self._locate(spec, file)
        try:
            status = path.stat()
            seen = (status.st_mtime_ns, status.st_size)
            if (known := self._opened.get(spec)) is not None and known[0] == seen:
                return known[1]
            recording = Recording.read(path)
        except RecordingError as error:
            raise ModelNotConfigured(str(error)) from None
        except OSError:
            raise ModelNotConfigured(f"There is no recording {file[:200]}.") from None
        chat = ReplayChat(Score(path.name, recording, match), speed)
        replay = Replay(recording.header, chat, is_judged=recording.has_role("judge"))
        self._opened[spec] = (seen, replay)
        return replay

    def trust(self, name: str) -> None:
        """A recording with its whole path, `replay:/…`, is opened wherever it is. Other names change nothing."""
        if name.startswith(f"{PROVIDER}:/"):
            self._trusted.add(name)

    def names(self) -> list[ModelSpec]:
        """The recordings that a run may name."""
        if self._folder is None or not self._folder.is_dir():
            return []
        folder = self._folder.resolve()
        inside = (path for path in folder.glob("*.jsonl") if path.resolve().is_relative_to(folder))
        return [ModelSpec(PROVIDER, path.name) for path in sorted(inside)]

    def _locate(self, spec: ModelSpec, file: str) -> Path:
        if str(spec) in self._trusted:
            return Path(file).expanduser()
        if self._folder is None:
            raise ModelNotConfigured(
                "A run may name a recording only when STORYWIRE_REPLAY_DIR says where recordings are."
            )
        folder = self._folder.resolve()
        path = (folder / file).resolve()
        if not path.is_relative_to(folder):  # said as of any name that isn't there
            raise ModelNotConfigured(f"There is no recording {file[:200]}.")
        return path
