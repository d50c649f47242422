"""Text extraction in a process of its own, which can be killed, so that a hostile file harms nothing else."""

import asyncio
import codecs
import contextlib
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.documents.kinds import KindName, refuse
from backend.documents.queue import FairQueue
from backend.store.owner import Owner
from workflows.errors import Overloaded

_COMMAND = (sys.executable, "-m", "backend.documents.child")
# The folder that the packages lie in: the child finds them there, installed or not.
_IMPORT_ROOT = Path(__file__).resolve().parents[2]
_AT_ONCE, _OF_ONE_OWNER = 3, 2
_WAITING, _WAITING_OF_ONE_OWNER = 24, 12
_SECONDS = 180.0
_PIECE = 65536
_MOST_ABOUT = 1_000_000
"""Bytes of a report beside its text."""
# Nothing of ours: no keys, no settings.
_ENVIRONMENT = {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True, slots=True)
class Extracted:
    """The visible text, normalised, its kind, and warnings: `{kind, message, paragraph, quote}`."""

    text: str
    title: str | None
    words: int
    language: str | None
    sha256: str
    warnings: list[dict[str, Any]]


class Extraction:
    """Extractor of documents, a few at once, each in a process of its own."""

    def __init__(self, max_characters: int = 10_000_000, seconds: float = _SECONDS) -> None:
        """`max_characters`: the longest text accepted; `seconds`: the time limit per document."""
        self._max_characters = max_characters
        self._seconds = seconds
        self._queue = FairQueue(_AT_ONCE, _OF_ONE_OWNER, _WAITING, _WAITING_OF_ONE_OWNER)

    async def extract(self, owner: Owner, kind: KindName, data: bytes) -> Extracted:
        """The text of a file. Raises InvalidInput, naming the file, when it is unreadable, over a limit or
        refused, and Overloaded."""
        async with self._queue.slot(owner):
            report = await self._read(kind, data)
        if "refused" in report:
            raise refuse(report["refused"])
        return Extracted(**report)

    async def _read(self, kind: KindName, data: bytes) -> dict[str, Any]:
        try:
            process = await asyncio.create_subprocess_exec(
                *(*_COMMAND, kind, str(self._max_characters)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                cwd=_IMPORT_ROOT,
                env=_ENVIRONMENT,
            )
        except OSError:
            raise Overloaded("No process could be started to read the document.") from None
        try:
            async with asyncio.timeout(self._seconds):
                report = await self._exchange(process, data)
                if report is not None:
                    await process.wait()
        except TimeoutError:
            raise refuse("the file takes too long to read; it may be broken") from None
        finally:
            if process.returncode is None:
                await _kill(process)
        if process.returncode != 0 or report is None:
            raise refuse(
                "the file can't be read within its limits; it may be broken or too large when unpacked"
            )
        return report

    async def _exchange(self, process: Process, data: bytes) -> dict[str, Any] | None:
        """The process's report on `data`; None when it is too long or incomplete."""
        feeding = asyncio.create_task(_feed(process, data))
        try:
            return await self._listen(process)
        finally:
            feeding.cancel()
            await asyncio.wait([feeding])

    async def _listen(self, process: Process) -> dict[str, Any] | None:
        """The report, decoded as it arrives, so that a large text blocks nothing."""
        assert process.stdout is not None
        about, text, room = b"", [], 4 * self._max_characters + _MOST_ABOUT
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while piece := await process.stdout.read(_PIECE):
            room -= len(piece)
            if room < 0:
                return None
            if about.endswith(b"\n"):
                text.append(decoder.decode(piece))
                continue
            line, end, rest = piece.partition(b"\n")
            about += line + end
            if len(about) > _MOST_ABOUT:
                return None
            text.append(decoder.decode(rest))
        if not about.endswith(b"\n"):
            return None
        report: dict[str, Any] = json.loads(about)
        return report if "refused" in report else {**report, "text": "".join(text)}


async def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    assert process.stdout is not None
    while await process.stdout.read(_PIECE):  # what is left in the pipe, or it stays open
        pass
    await process.wait()


async def _feed(process: Process, data: bytes) -> None:
    """Writes the document to the process, which may exit before it has read all of it."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for start in range(0, len(data), _PIECE):
            process.stdin.write(data[start : start + _PIECE])
            await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()
