"""Deletion of runs and of what they refer to, with every checkpoint and recording that quotes it."""

from collections.abc import Collection, Mapping

import structlog

from backend.runs.engine.base import Engine
from backend.runs.files import RunFiles
from backend.store.owner import Owner
from backend.store.runs.runs import Run, RunRepository
from workflows.errors import Overloaded
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import without_part

log = structlog.get_logger()


class RunDeletion:
    """Deletion of runs. What other runs keep of a deleted one goes with it."""

    def __init__(
        self,
        repository: RunRepository,
        engine: Engine,
        formats: Mapping[str, AnyFormat],
        files: RunFiles,
    ) -> None:
        self._repository = repository
        self._derived = repository.derived
        self._engine = engine
        self._formats = formats
        self._files = files

    async def delete(self, run: Run) -> None:
        """Deletes the run, its text, log, checkpoints and recording; stops it first if it can. Versions of it stay, and
        keep no text of it but what is their own; one that isn't complete can't go on."""
        try:
            await self._engine.cancel(run)
        except Overloaded:  # without its log and its row, whoever still writes it is refused
            log.warning("run_deleted_while_it_goes_on", run_id=run.id)
        await self._forget_part(run)
        versions = await self._derived.versions(run.owner, run.id)
        await self._delete_checkpoints(versions)
        await self._files.delete(run.id)
        await self._repository.delete(run.owner, run.id)
        ended_meanwhile = set(await self._derived.versions(run.owner, run.id)).difference(versions)
        await self._delete_checkpoints(ended_meanwhile)
        await self._forget_part(run)  # in what was begun meanwhile

    async def _delete_checkpoints(self, run_ids: Collection[str]) -> None:
        """Deletes the checkpoints of these runs, wherever they are."""
        if run_ids:
            await self._derived.delete_checkpoints(run_ids)
            await self._files.delete_checkpoints(run_ids)

    async def _forget_part(self, run: Run) -> None:
        """Takes the recap of a part that is being deleted from the inputs of later ones and of their versions, with the
        checkpoints and recordings that have it. One that failed begins anew when it is resumed."""
        format, part = self._formats.get(run.format), run.part
        if run.series is None or part is None or format is None:
            return
        changed = await self._derived.change_inputs(
            run.owner, run.series, lambda stored: without_part(format, stored, part)
        )
        for run_id in changed:
            self._files.delete_recording(run_id)
        if changed:
            await self._delete_checkpoints(await self._derived.at_rest(run.owner, changed))

    async def forget_material(self, owner: Owner, id: str) -> None:
        """Deletes the checkpoints of runs that refer to something that is being deleted, such as a document: they quote
        it. Their texts stay. Those of a run that is under way go when it ends (`RunFinalizer`)."""
        await self._delete_checkpoints(await self._derived.referring(owner, id))
