"""Recording of a run's model calls, as a file that `replay:FILE` plays back."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from langchain_core.callbacks import BaseCallbackHandler

from backend.store.runs.runs import Run
from backend.version import VERSION
from workflows.messages.messages import Message, RunCompleted, RunFailed
from workflows.models.cassettes.cassette import VERSION as FORM
from workflows.models.cassettes.cassette import CassetteEnding, CassetteWriter, Header
from workflows.models.cassettes.recorder import CallRecorder
from workflows.models.clients.catalog import ModelCatalog

log = structlog.get_logger()


class RunRecorder:
    """Recorder of all runs of this process. A recording that can't be written never breaks a run."""

    def __init__(self, models: ModelCatalog, path_of: Callable[[str], Path]) -> None:
        self._models = models
        self._path_of = path_of
        self._files: dict[str, CassetteWriter] = {}

    async def begin(self, run: Run) -> list[BaseCallbackHandler]:
        """The callbacks of an attempt at the run. Raises a ModelError when its model can't be opened."""
        model = await self._models.open(run.model)
        modes = {role: mode for role, mode in self._models.modes(model).items() if mode != model.structured}
        header = Header(
            version=FORM,
            storywire=VERSION,
            recorded_at=datetime.now(UTC).isoformat(timespec="seconds"),
            run_id=run.id,
            format=run.format,
            model=run.model,
            tier=model.tier,
            structured=model.structured,
            structured_roles=modes,
            input=run.input,
            options=run.options.model_dump(),
        )
        try:
            # Beside the event loop: what an earlier attempt recorded is read, and may be long.
            file = await asyncio.to_thread(self._open, header)
        except OSError as error:
            log.warning("run_not_recorded", run_id=run.id, cause=error.strerror)
            return []
        self._files[run.id] = file
        return [CallRecorder(file)]

    def end(self, run: Run, ending: Message | None) -> None:
        """Records the outcome of the attempt, if it ended the run."""
        file = self._files.pop(run.id, None)
        if file is None:
            return
        match ending:
            case RunCompleted() as data:
                words = sum(section.words for section in data.sections)
                last = CassetteEnding(outcome="complete", sha256=data.sha256, words=words)
            case RunFailed() as data:
                last = CassetteEnding(outcome=data.code, words=data.partial.words)
            case _:
                return
        try:
            file.write(ending=last)
        except OSError as error:
            log.warning("run_not_recorded", run_id=run.id, cause=error.strerror)

    def _open(self, header: Header) -> CassetteWriter:
        file = CassetteWriter(self._path_of(header.run_id))
        if file.is_new:
            file.write(storywire_recording=header)
        return file
