"""A document's text, read by a process of its own that can be ended: a hostile file harms nobody else."""

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.documents.kinds import KindName, refuse

_MODULE = "backend.documents.child"
# The folder that the packages lie in: the child finds them there, installed or not.
_IMPORT_ROOT = Path(__file__).resolve().parents[2]
_AT_ONCE = 2
_SECONDS = 180.0
# Nothing of ours: no keys, no settings.
_ENVIRONMENT = {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text as people see it, normalised, and what was noticed: `{kind, paragraph, quote}`."""

    text: str
    warnings: list[dict[str, Any]]


class Extraction:
    """Reads documents, a few at once."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        """`seconds`: what one document may take."""
        self._seconds = seconds
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def extract(self, kind: KindName, data: bytes) -> Extracted:
        """Raises InvalidInput, naming the file, when it can't be read within its limits or isn't to be used."""
        async with self._slots:
            report = await self._read(kind, data)
        if "refused" in report:
            raise refuse(report["refused"])
        return Extracted(report["text"], report["warnings"])

    async def _read(self, kind: KindName, data: bytes) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _MODULE, kind),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=_IMPORT_ROOT,
            env=_ENVIRONMENT,
        )
        try:
            async with asyncio.timeout(self._seconds):
                output, _ = await process.communicate(data)
        except TimeoutError:
            raise refuse("the file takes too long to read; it may be broken") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            raise refuse(
                "the file can't be read within its limits; it may be broken or too large when unpacked"
            )
        return dict(json.loads(output))
