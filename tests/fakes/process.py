"""A fake provider in a process of its own, which outlives the service under test."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx

from tests.fakes.script import Script, dump_script

_ROOT = Path(__file__).parents[2]  # where `tests` can be imported from
_SPARE = 5.0  # seconds that the HTTP client waits longer than the provider does


class ProviderProcess:
    """The same controls as `FakeProvider` has, over HTTP. Calls are the dicts of `Call.to_json`."""

    def __init__(self, port: int, client: httpx.AsyncClient) -> None:
        self.port = port
        self.root_url = f"http://127.0.0.1:{port}"
        self.openai_url = f"{self.root_url}/v1"
        self.gemini_url = self.root_url
        self._client = client

    async def calls(self) -> list[dict[str, Any]]:
        """Every call so far."""
        return await self._ask_calls(0.0)

    async def forget(self) -> None:
        """Forgets the calls so far."""
        (await self._client.delete(f"{self.root_url}/__calls__")).raise_for_status()

    async def wait_for_calls(self, count: int = 1, within: float = 10.0) -> list[dict[str, Any]]:
        """All calls, once there are `count`. Each wait raises TimeoutError after `within` seconds."""
        return await self._ask_calls(within, started=count)

    async def wait_for_held(self, count: int = 1, within: float = 10.0) -> list[dict[str, Any]]:
        """The calls held at their gates, once there are `count`."""
        return [call for call in await self._ask_calls(within, held=count) if call["held"]]

    async def wait_for_disconnect(self, call_id: int, within: float = 10.0) -> None:
        """Until the client has left before the end of that call's reply."""
        await self._ask_calls(within, call=call_id, disconnected=1)

    async def wait_for_finish(self, call_id: int, within: float = 10.0) -> None:
        """Until that call's whole reply is on the network."""
        await self._ask_calls(within, call=call_id, finished=1)

    async def release(self, call_id: int | None = None) -> int:
        """Open the gate of this call, or every gate where a call is held now; says how many."""
        query = {} if call_id is None else {"call": call_id}
        reply = await self._client.post(f"{self.root_url}/__release__", params=query)
        return int(reply.raise_for_status().json()["released"])

    async def set_script(self, script: Script) -> None:
        """Replace the script; every count starts anew."""
        reply = await self._client.put(f"{self.root_url}/__script__", content=dump_script(script))
        reply.raise_for_status()

    async def _ask_calls(self, within: float, **wanted: int) -> list[dict[str, Any]]:
        query = {**wanted, "within": within}
        reply = await self._client.get(f"{self.root_url}/__calls__", params=query, timeout=within + _SPARE)
        calls = cast("list[dict[str, Any]]", reply.json()["calls"])
        if reply.status_code == httpx.codes.REQUEST_TIMEOUT:
            raise TimeoutError(f"waited for {wanted}, but the provider has seen only {calls}")
        return calls


@asynccontextmanager
async def spawn_provider(script: Script | None = None) -> AsyncIterator[ProviderProcess]:
    """A running provider process. It ends with the block, and when the test process dies."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fakes.provider", "--port-file", "-", "--watch-stdin"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
    )
    assert process.stdout
    try:
        port = int(await process.stdout.readline())
        async with httpx.AsyncClient(trust_env=False) as client:
            provider = ProviderProcess(port, client)
            if script:
                await provider.set_script(script)
            yield provider
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
