"""Start and end of the child process; the model itself is in `server.py`."""

import asyncio
import contextlib
import json
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path

from workflows.errors import ModelUnavailable
from workflows.models.embedded.record import Endpoint
from workflows.models.embedded.weights import Weights

_MODULE = "workflows.models.embedded.server"
# The folder that `workflows` lies in: the child finds the package there, installed or not.
_IMPORT_ROOT = Path(__file__).resolve().parents[3]
_STOP_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class ModelProcess:
    """A running child: lives until `stop`, or until this process ends in whatever way."""

    process: Process
    endpoint: Endpoint

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    async def stop(self) -> None:
        """Returns when the process is gone."""
        await _stop(self.process, _STOP_TIMEOUT)

    async def kill(self) -> None:
        """Kills a process that doesn't respond: as `stop`, without waiting."""
        await _stop(self.process, 0)


async def start_child(weights: Weights, log_path: Path, patience: float) -> ModelProcess:
    """Returns when the model answers. Raises ModelUnavailable, with the reason, after `patience` seconds."""
    api_key = secrets.token_urlsafe(32)
    process = await _spawn(log_path)
    try:
        # The key goes through the pipe: arguments can be seen by every user of the machine.
        order = {"path": str(weights.path), "name": weights.name, "api_key": api_key}
        report = await asyncio.wait_for(_exchange(process, order), patience)
        if "error" in report:
            raise ModelUnavailable(f"{report['error']} (log: {log_path})")
    except BaseException as error:
        await _stop(process, 0)
        if isinstance(error, TimeoutError):
            raise ModelUnavailable(
                f"The embedded model was not ready after {patience:g} s; its log is {log_path}."
            ) from error
        raise
    return ModelProcess(process, Endpoint(report["base_url"], api_key, weights.name))


async def _spawn(log_path: Path) -> Process:
    log = await asyncio.to_thread(log_path.open, "wb")
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", _MODULE, stdin=PIPE, stdout=PIPE, stderr=log, cwd=_IMPORT_ROOT
        )
    finally:
        await asyncio.to_thread(log.close)


async def _exchange(process: Process, order: dict[str, str]) -> dict[str, str]:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    line = await process.stdout.readline()
    try:
        return dict(json.loads(line))
    except ValueError:
        return {"error": f"The embedded model's process ended at its start (status {await process.wait()})."}


async def _stop(process: Process, patience: float) -> None:
    """Closes the pipe that keeps the child alive, and kills it when that isn't enough."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), patience)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
