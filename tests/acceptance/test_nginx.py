"""Readers behind nginx, with the configuration that is deployed: an API process dies, and they go on with another."""

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.acceptance.cluster import KillableCluster
from tests.architecture.tree import ROOT
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.missing import give_up
from tests.service import Client, Told, read_on

PATIENCE = 120
pytestmark = pytest.mark.soak


@pytest.fixture(autouse=True)
def _nginx() -> None:
    if shutil.which("nginx") is None:
        give_up("no nginx on this machine; it is a package of the system")


def _configure(folder: Path, port: int, ports: list[int]) -> None:
    """Writes the configuration that is deployed, for these ports of this machine."""
    site = (ROOT / "deploy" / "nginx" / "storywire.conf").read_text(encoding="utf-8")
    site = site.replace("server api:8000;", " ".join(f"server 127.0.0.1:{each};" for each in ports))
    site = site.replace("listen 8080;", f"listen 127.0.0.1:{port};")
    folder.mkdir()
    paths = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root; " if os.geteuid() == 0 else ""
    text = f"{user}daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}}\n"
    (folder / "nginx.conf").write_text(f"{text}http {{ access_log off; {paths}\n{site}\n}}\n")


@asynccontextmanager
async def nginx(folder: Path, ports: list[int]) -> AsyncIterator[Client]:
    """A client of nginx before these ports."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    await asyncio.to_thread(_configure, folder, port, ports)
    process = await asyncio.create_subprocess_exec(
        "nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)
    )
    client = Client(f"http://127.0.0.1:{port}")
    try:
        yield client
    finally:
        await client.http.aclose()
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def test_readers_behind_nginx_lose_nothing_when_an_api_process_is_killed(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(default=Reply(pace=60, words=90))
    async with (
        asyncio.timeout(PATIENCE),
        KillableCluster(provider.openai_url, tmp_path, workers=1) as cluster,
        nginx(tmp_path / "nginx", [api.port for api in cluster.apis]) as client,
    ):
        while True:
            try:
                if (await client.http.get("/healthz")).status_code == 200:
                    break
            except httpx.TransportError:
                await asyncio.sleep(0.05)
        run_id = await client.start()
        readers = [asyncio.create_task(read_on(client, run_id)) for _ in range(6)]
        told = Told()
        async for frame in client.frames(run_id):
            told.take(frame)
            if told.last_seq > 20:
                break
        await cluster.apis[0].kill()
        for each in [*await asyncio.gather(*readers), await read_on(client, run_id, told)]:
            assert each.ending is not None and each.ending["type"] == "complete"
            assert each.text == each.ending["story_content"]
        assert (await client.http.get("/metrics")).status_code == 404
