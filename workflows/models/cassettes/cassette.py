"""Cassette of a run's model calls as a file: JSON Lines, a header first, then one line for each call.

A line is written when its call is over, so a crash loses no more than the calls that were under way. Neither keys nor
a provider's headers are in it, and no prompts: a call is known by the fingerprint of its messages.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from langchain_core.messages import BaseMessage
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workflows.messages.messages import ModelRole
from workflows.models.structured import StructuredMode

VERSION = 1
"""Of the file's form. A reader takes this one and none later; fields that it doesn't know are ignored."""

_LARGEST_BYTES = 50_000_000


class CassetteError(Exception):
    """Error of an unreadable cassette; the message is a sentence with the reason."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Header(_Line):
    """Header of a cassette. `tier` and `structured` are those of the writing model, `structured_roles` the modes
    of structured answers of other roles."""

    version: int
    storywire: str
    recorded_at: str
    run_id: str
    format: str
    model: str
    tier: Literal["standard", "embedded"]
    structured: StructuredMode
    structured_roles: dict[ModelRole, StructuredMode] = Field(default_factory=dict)
    input: dict[str, Any]
    options: dict[str, Any] = Field(default_factory=dict)

    def mode(self, role: ModelRole) -> StructuredMode:
        """The mode of structured answers of this role's model."""
        return self.structured_roles.get(role, self.structured)


class ToolCall(_Line):
    """A structured answer that the model gave as a tool call."""

    name: str
    args: dict[str, Any]


class Call(_Line):
    """A call of the model and its reply."""

    number: int
    """In the order in which the calls began, from 1."""
    attempt: int = 1
    """The attempt at the run; a resumed run's is 2, and so on."""
    purpose: str
    """The node of the graph that called, and what for: `safety_check:judge`."""
    section: int | None = None
    fingerprint: str
    at: float
    """Seconds from the start of the cassette."""
    chunks: tuple[tuple[int, str], ...] = ()
    """`(milliseconds from the start of the call, text)`."""
    took: int
    """Milliseconds until the reply's end."""
    finish: str | None = None
    usage: dict[str, Any] | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    broke: str | None = None
    """What kind of error or stop ended the reply early."""


class CassetteEnding(_Line):
    """The outcome of the run: `sha256` is that of the whole text."""

    outcome: str
    sha256: str | None = None
    words: int


class Cassette:
    """A cassette in memory."""

    def __init__(self, header: Header, calls: Sequence[Call], ending: CassetteEnding | None) -> None:
        self.header = header
        self.calls = tuple(sorted(calls, key=lambda call: call.number))
        self.ending = ending

    def has_role(self, role: ModelRole) -> bool:
        """Whether a model of this role replied."""
        return any(call.purpose.endswith(f":{role}") for call in self.replies)

    @property
    def replies(self) -> list[Call]:
        """The whole replies, without those of an attempt whose work a later one redid."""
        whole = [call for call in self.calls if call.broke is None]
        begun: dict[tuple[str, int | None, int], str] = {}
        for call in self.calls:
            begun.setdefault((call.purpose, call.section, call.attempt), call.fingerprint)

        def is_stale(call: Call) -> bool:
            beginning = begun[call.purpose, call.section, call.attempt]
            return any(
                other.attempt > call.attempt
                and (other.purpose, other.section, other.fingerprint)
                == (call.purpose, call.section, beginning)
                for other in self.calls
            )

        return [call for call in whole if not is_stale(call)]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The cassette. Raises CassetteError. A last line that a crash cut off is left out."""
        lines = _read_lines(path)
        header = _read_header(path, lines[0] if lines else "")
        calls: list[Call] = []
        ending: CassetteEnding | None = None
        for number, line in enumerate(lines[1:], 2):
            try:
                data = json.loads(line)
                if "call" in data:
                    calls.append(Call.model_validate(data["call"]))
                elif "ending" in data:
                    ending = CassetteEnding.model_validate(data["ending"])
            except (ValueError, TypeError):
                raise CassetteError(f"Line {number} of the cassette {path.name} can't be read.") from None
        if not any(call.broke is None for call in calls):
            raise CassetteError(f"The cassette {path.name} holds no whole reply of a model.")
        return cls(header, calls, ending)


def read_header(path: Path) -> Header:
    """The first line alone: a quick check that it is a cassette. Raises CassetteError."""
    try:
        with path.open("rb") as file:
            line = file.readline(_LARGEST_BYTES).decode()
    except OSError as error:
        raise CassetteError(f"The cassette {path.name} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CassetteError(f"{path.name} is not a cassette.") from None
    return _read_header(path, line)


class CassetteWriter:
    """Writer of a cassette, readable by this user alone; an existing one is continued."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "rb+") as file:
            read = file.read()
            whole = read[: read.rfind(b"\n") + 1]
            file.truncate(len(whole))  # a line that a crash cut off
        self.calls = whole.count(b'\n{"call"')
        """Calls that an earlier attempt of the run recorded."""
        self.is_new = not whole

    def write(self, **line: BaseModel) -> None:
        """Appends one line, such as `call=…`, in one write. Raises OSError."""
        data = {name: item.model_dump(mode="json", exclude_none=True) for name, item in line.items()}
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"
        with self._path.open("ab", buffering=0) as file:
            file.write(text.encode(errors="replace"))


def fingerprint(messages: Sequence[BaseMessage]) -> str:
    """A digest of the messages: their roles and texts."""
    said = json.dumps([[message.type, message.text] for message in messages])
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def purpose_of(metadata: Mapping[str, Any]) -> str:
    """The purpose of a call, from LangChain's metadata of it."""
    node, role = metadata.get("langgraph_node", ""), metadata.get("role", "")
    return f"{node}:{role}" if role else str(node)


def _read_lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise CassetteError(f"{path.name} is too large for a cassette.")
        text = path.read_bytes().decode()
    except OSError as error:
        raise CassetteError(f"The cassette {path.name} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CassetteError(f"{path.name} is not a cassette.") from None
    # After the last line end there is a line that was cut off, or nothing.
    return text.split("\n")[:-1]


def _read_header(path: Path, line: str) -> Header:
    try:
        header = Header.model_validate(json.loads(line)["storywire_recording"])
    except (ValidationError, ValueError, KeyError, TypeError):
        raise CassetteError(f"{path.name} is not a cassette: it doesn't begin as one does.") from None
    if header.version > VERSION:
        raise CassetteError(
            f"The cassette {path.name} has the form {header.version}; this Storywire reads up to {VERSION}."
        )
    return header
