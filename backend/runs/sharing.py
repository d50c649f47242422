"""Share links: access to a finished run for anyone who has its link, and for nobody else."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from backend.runs.queries import RunQueries
from backend.store.owner import Owner
from backend.store.runs.runs import Run
from backend.store.runs.shares import Share, SharedRun, ShareRepository
from workflows.errors import Conflict, NotFound

_BYTES = 24  # of chance in a token: nobody guesses it


class Sharing:
    """Share links of runs, at most one each; creating another revokes it. The token itself is not stored."""

    def __init__(self, repository: ShareRepository, runs: RunQueries, valid_for: timedelta) -> None:
        """`valid_for`: how long a link is valid that doesn't say so itself."""
        self._repository = repository
        self._runs = runs
        self._valid_for = valid_for

    async def create(
        self, owner: Owner, run_id: str, valid_for: timedelta | None = None
    ) -> tuple[Share, str]:
        """The link and its token, shown this once. Raises NotFound, Conflict while the text isn't complete, and for
        one link too many."""
        run = await self._runs.find(owner, run_id)
        if run.result is None:
            raise Conflict(f"The run is {run.status}: only a completed run can be shared.")
        token = secrets.token_urlsafe(_BYTES)
        expires_at = datetime.now(UTC) + (valid_for or self._valid_for)
        return await self._repository.put(owner, run.id, _hash(token), expires_at), token

    async def page(self, owner: Owner, *, before: str | None, limit: int) -> list[SharedRun]:
        """The owner's links, those of the newest runs first."""
        return await self._repository.page(owner, before=before, limit=limit)

    async def find(self, owner: Owner, run_id: str) -> Share | None:
        """The run's link, if it has one. Raises NotFound for the run."""
        run = await self._runs.find(owner, run_id)
        return await self._repository.find(owner, run.id)

    async def revoke(self, owner: Owner, run_id: str) -> None:
        """Revokes the link, if there is one. Raises NotFound for the run."""
        run = await self._runs.find(owner, run_id)
        await self._repository.remove(owner, run.id)

    async def open(self, token: str) -> Run:
        """The run of this token. Raises NotFound, also for a revoked one."""
        share = await self._repository.find_by_hash(_hash(token))
        if share is None:
            raise NotFound("This link shows nothing (any more).")
        run = await self._runs.find(share.owner, share.run_id)
        if run.result is None:  # it is being written again
            raise NotFound("This link shows nothing at the moment.")
        return run


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
