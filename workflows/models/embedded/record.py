"""Record by which processes share the embedded model: its endpoint, and the key to it."""

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Endpoint of an OpenAI-compatible server: `base_url` ends in /v1."""

    base_url: str
    api_key: str = field(repr=False)
    model: str


@dataclass(frozen=True, slots=True)
class Record:
    """An endpoint and its process."""

    pid: int
    endpoint: Endpoint


def read_record(path: Path) -> Record | None:
    """The record; None when there is none, when it is garbled, or when another user may have written it."""
    try:
        with path.open("rb") as file:
            seen = os.fstat(file.fileno())
            # Stories would go to whoever can write the address, so a record of somebody else is no record.
            if seen.st_uid != os.getuid() or seen.st_mode & 0o077:
                return None
            data = json.load(file)
        return Record(int(data["pid"]), Endpoint(**data["endpoint"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_record(path: Path, record: Record) -> None:
    """Writes the record atomically, readable by this user only."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(record), file)
    draft.replace(path)


def remove_record(path: Path, pid: int) -> None:
    """Removes the record if it still names the process `pid`."""
    record = read_record(path)
    if record is not None and record.pid == pid:
        with contextlib.suppress(OSError):
            path.unlink()
