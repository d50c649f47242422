"""The embedded model's process as the rest of the program uses it: an address that always works."""

import asyncio
import os
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from filelock import AsyncFileLock, Timeout

from workflows.errors import ModelUnavailable
from workflows.models.embedded.child import ModelProcess, start_child
from workflows.models.embedded.record import Endpoint, Record, read_record, remove_record, write_record
from workflows.models.embedded.weights import Weights, find_weights

__all__ = ["EmbeddedServer", "Endpoint"]

_START_TIMEOUT = 60.0
_HEALTH_TIMEOUT = 5.0
_HEALTH_CHECKS = 2
"""A busy machine may miss one."""
_TRUSTED_SECONDS = 15.0
"""For so long after it answered, the child isn't asked whether it does."""


class EmbeddedServer:
    """The embedded model, started at first use and shared by every process with the same `runtime_dir`.

    One instance belongs to one event loop. The process that started the model owns it: it ends with
    its owner, and the next call of `endpoint` in another process starts a new one. A child that lives and doesn't
    answer (stopped, or hung) is killed and replaced.
    """

    def __init__(
        self,
        runtime_dir: Path,
        local_model: Path | None = None,
        *,
        health_timeout: float = _HEALTH_TIMEOUT,
        trusted_seconds: float = _TRUSTED_SECONDS,
    ) -> None:
        self.runtime_dir = runtime_dir
        self._local_model = local_model
        self._health_timeout = health_timeout
        self._trusted_seconds = trusted_seconds
        self._trusted_until = 0.0
        self._child: ModelProcess | None = None
        self._record: Path | None = None
        self._search: asyncio.Task[Endpoint] | None = None
        self._closed = False

    async def endpoint(self) -> Endpoint:
        """The model's present endpoint; starts the model when it isn't running, or when it died or froze.

        However many callers come at once, one start serves them all, and goes on when one of them is
        cancelled. Raises ModelNotConfigured without a model file, ModelUnavailable when the
        model doesn't start.
        """
        if self._closed:
            raise _shut_down()
        if self._child is not None and self._child.alive and _now() < self._trusted_until:
            return self._child.endpoint
        if self._search is None:
            self._search = asyncio.create_task(self._find_or_start(), name="embedded-model-start")
            self._search.add_done_callback(self._end_search)
        search = self._search
        try:
            return await asyncio.shield(search)
        except asyncio.CancelledError:
            if self._closed and search.cancelled():  # type: ignore[unreachable]  # closed meanwhile
                raise _shut_down() from None
            raise

    async def close(self) -> None:
        """Ends the model if this process started it, and returns when it has ended. May be called twice."""
        self._closed = True
        if self._search is not None:
            self._search.cancel()
            await asyncio.wait([self._search])
        if self._child is not None:
            child, self._child = self._child, None
            await child.stop()
            if self._record is not None:
                await asyncio.to_thread(remove_record, self._record, child.pid)

    def _end_search(self, search: asyncio.Task[Endpoint]) -> None:
        self._search = None
        if not search.cancelled():
            search.exception()  # looked at here, for the case that every caller was cancelled

    async def _find_or_start(self) -> Endpoint:
        if self._child is not None and self._child.alive:
            if await self._still_answers(self._child):
                return self._child.endpoint
            await self._child.kill()
        weights = await asyncio.to_thread(find_weights, self._local_model, self.runtime_dir)
        try:
            await asyncio.to_thread(self.runtime_dir.mkdir, mode=0o700, parents=True, exist_ok=True)
            name = f"embedded-{weights.fingerprint()}"
            async with AsyncFileLock(self.runtime_dir / f"{name}.lock", timeout=_START_TIMEOUT):
                return await self._share_or_start(self.runtime_dir / f"{name}.json", weights)
        except Timeout as error:
            raise ModelUnavailable(
                "Another process has been starting the embedded model for too long."
            ) from error
        except OSError as error:
            raise ModelUnavailable(f"The embedded model can't use {self.runtime_dir}: {error}.") from error

    async def _still_answers(self, child: ModelProcess) -> bool:
        record = Record(child.pid, child.endpoint)
        for _ in range(_HEALTH_CHECKS):
            if await asyncio.to_thread(_answers, record, self._health_timeout):
                self._trusted_until = _now() + self._trusted_seconds
                return True
        return False

    async def _share_or_start(self, record_path: Path, weights: Weights) -> Endpoint:
        record = await asyncio.to_thread(read_record, record_path)
        if record is not None and await asyncio.to_thread(_answers, record, self._health_timeout):
            return record.endpoint
        log_path = record_path.with_suffix(".log")
        self._child = await start_child(weights, log_path, _START_TIMEOUT)
        self._trusted_until = _now() + self._trusted_seconds
        self._record = record_path
        record = Record(self._child.pid, self._child.endpoint)
        await asyncio.to_thread(write_record, record_path, record)
        return record.endpoint


def _shut_down() -> ModelUnavailable:
    return ModelUnavailable("The embedded model was shut down.")


def _now() -> float:
    return asyncio.get_running_loop().time()


def _answers(record: Record, patience: float) -> bool:
    """Whether the recorded process is alive and accepts the recorded key. Blocks."""
    address = urlsplit(record.endpoint.base_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=patience)
    try:
        os.kill(record.pid, 0)
        key = {"Authorization": f"Bearer {record.endpoint.api_key}"}
        connection.request("GET", f"{address.path}/models", headers=key)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
