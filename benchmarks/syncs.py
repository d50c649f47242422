"""Syncs of a process to the disk, counted by strace: it slows the process, so nothing else is measured meanwhile."""

import asyncio
import shutil
import signal
import tempfile
from collections.abc import Awaitable
from pathlib import Path

_CALLS = "fsync,fdatasync"
_ATTACH_SECONDS = 5.0


async def count_syncs(pid: int, work: Awaitable[object]) -> int | None:
    """How often the process syncs while `work` is done, which is done in any case. None where strace isn't installed,
    or may not attach."""
    if (strace := shutil.which("strace")) is None:
        await work
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "calls"
        tracer = await asyncio.create_subprocess_exec(
            *(strace, "-f", "-e", f"trace={_CALLS}", "-o", str(file), "-p", str(pid)),
            stderr=asyncio.subprocess.PIPE,
        )
        is_attached = await _attached(tracer)
        await work
        if tracer.returncode is None:
            tracer.send_signal(signal.SIGINT)
        await tracer.wait()
        if not is_attached:
            return None
        # A call that another thread's interrupts is two lines, of which one has the arguments.
        return sum("sync(" in line for line in file.read_text().splitlines())


async def _attached(tracer: asyncio.subprocess.Process) -> bool:
    assert tracer.stderr is not None
    try:
        async with asyncio.timeout(_ATTACH_SECONDS):
            return b"attached" in await tracer.stderr.readline()
    except TimeoutError:
        return False
