"""Runs as commands list and show them: those of this machine, or of a service. Both give what the API's JSON has."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from backend.cli.service_client import RUNS, Service
from backend.settings import Settings
from backend.store.owner import LOCAL

if TYPE_CHECKING:
    from backend.resources import Resources

RunJson = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A run as a file. `warnings` are lines that whoever uses it has to know."""

    suffix: str
    content: bytes
    warnings: list[str]


class RunSource(ABC):
    """Source of runs. Each method raises StorywireError or RemoteError."""

    @abstractmethod
    async def page(self, limit: int, status: str | None, format: str | None) -> list[RunJson]:
        """The newest runs."""

    @abstractmethod
    async def run(self, run_id: str) -> RunJson:
        """A run with its text so far."""

    @abstractmethod
    async def quote(self, run_id: str) -> RunJson:
        """What is left of a run, and its estimated cost."""

    @abstractmethod
    async def versions(self, run_id: str) -> list[RunJson]:
        """All versions of its text, oldest first."""

    @abstractmethod
    async def export(self, run_id: str, name: str) -> ExportedFile:
        """A completed run as a file of this kind."""

    @abstractmethod
    async def delete(self, run_id: str) -> None:
        """Deletes the run with its text."""


class RemoteRunSource(RunSource):
    """Runs of a service."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def page(self, limit: int, status: str | None, format: str | None) -> list[RunJson]:
        """The newest runs."""
        wanted = {"limit": str(limit), "status": status, "format": format}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in wanted.items() if value)
        found: list[RunJson] = (await self.service.call("GET", f"{RUNS}?{query}"))["runs"]
        return found

    async def run(self, run_id: str) -> RunJson:
        """A run with its text so far."""
        return await self._get(run_id, "")

    async def quote(self, run_id: str) -> RunJson:
        """What is left of a run, and its estimated cost."""
        return await self._get(run_id, "/resume-quote")

    async def versions(self, run_id: str) -> list[RunJson]:
        """All versions of its text, oldest first."""
        found: list[RunJson] = (await self._get(run_id, "/versions"))["versions"]
        return found

    async def export(self, run_id: str, name: str) -> ExportedFile:
        """A completed run as a file of this kind. Its warnings stand in it."""
        reply = await self.service.send("GET", path_of(run_id, f"/export?as={quote(name, safe='')}"))
        plain = reply.headers.get("Content-Disposition", "").partition("filename=")[2].partition(";")[0]
        return ExportedFile(plain.rpartition(".")[2] or name, reply.content, [])

    async def delete(self, run_id: str) -> None:
        """Deletes the run with its text."""
        await self.service.call("DELETE", path_of(run_id))

    async def _get(self, run_id: str, rest: str) -> RunJson:
        found: RunJson = await self.service.call("GET", path_of(run_id, rest))
        return found


class LocalRunSource(RunSource):
    """Runs of this machine, read without a service."""

    # The modules that execute runs take seconds to import: each method does so once it needs them.

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @asynccontextmanager
    async def _opened(self) -> "AsyncIterator[Resources]":
        from backend.resources import open_resources

        async with open_resources(self._settings) as resources:
            yield resources

    async def page(self, limit: int, status: str | None, format: str | None) -> list[RunJson]:
        """The newest runs."""
        from backend.api.runs.views import summary_view

        async with self._opened() as resources:
            found = await resources.queries.page(LOCAL, limit=limit, status=status, format=format)
        return [summary_view(run).model_dump(mode="json") for run in found]

    async def run(self, run_id: str) -> RunJson:
        """A run with its text so far."""
        from backend.api.runs.views import run_view

        async with self._opened() as resources:
            run = await resources.queries.find(LOCAL, run_id)
            return run_view(run, await resources.queries.transcript(run)).model_dump(mode="json")

    async def quote(self, run_id: str) -> RunJson:
        """What is left of a run, and its estimated cost."""
        async with self._opened() as resources:
            return asdict(await resources.quotes.of_resume(LOCAL, run_id))

    async def versions(self, run_id: str) -> list[RunJson]:
        """All versions of its text, oldest first."""
        from backend.api.runs.versions import version_view

        async with self._opened() as resources:
            found = await resources.queries.versions(LOCAL, run_id)
        return [version_view(number, one).model_dump(mode="json") for number, one in enumerate(found, 1)]

    async def export(self, run_id: str, name: str) -> ExportedFile:
        """A completed run as a file of this kind."""
        from backend.runs.admission.validation import format_of
        from backend.runs.results.exports import find_exporter, finished

        async with self._opened() as resources:
            run = await resources.queries.find(LOCAL, run_id)
            format = format_of(resources.formats, run)
            exporter = find_exporter(format, name)
            whole = finished(format, run)
            return ExportedFile(exporter.suffix, exporter.render(whole), whole.danger_lines)

    async def delete(self, run_id: str) -> None:
        """Deletes the run with its text."""
        async with self._opened() as resources:
            await resources.runs.delete(LOCAL, run_id)


def path_of(run_id: str, rest: str = "") -> str:
    """The address of a run on a service."""
    return f"{RUNS}/{quote(run_id, safe='')}{rest}"
