"""What the fork server has in memory: the service as it is after its first story.

What is imported, compiled and built at the first use costs two seconds of a process; a fork has it at once.
"""

import asyncio
import gc
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import tests.acceptance.child  # noqa: F401
from tests.fakes.provider import FakeProvider
from tests.log_output import reset_log_output
from tests.service import serve, settings_for


async def _write_one_story() -> None:
    with TemporaryDirectory() as folder:
        async with FakeProvider() as provider, serve(settings_for(provider, Path(folder))) as service:
            told = await service.client.read(await service.client.start())
            assert told.ending is not None and told.ending["type"] == "complete"


reset_log_output()  # a fork logs as the tests' own process does
asyncio.run(_write_one_story())
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join(30)  # one that was told to end may need a moment on a busy machine
assert threading.enumerate() == [threading.main_thread()], f"a fork would lack {threading.enumerate()}"
gc.collect()
gc.freeze()  # so that a fork's collector doesn't copy what it shares
