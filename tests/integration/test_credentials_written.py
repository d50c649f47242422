"""Credentials of every kind, used rightly and wrongly: none is in a log, trace, metric, problem, recording or file."""

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.collector import Collector
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.people import BODY, PASSWORD, PRICES
from tests.served_process import KEY, serve_process

ACCOUNT, AUTH, RUNS, TICKETS = "/api/v1/account", "/api/v1/auth", "/api/v1/runs", "/api/v1/stream-tickets"
START = "/api/v1/stories/generate/stream"
EMAIL = "noa@example.org"
SMTP_SECRET = "mail-very-secret"


class Visitor:
    """Somebody who uses each kind of credential, and keeps the credentials and whatever was answered to bad ones."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self.secrets = {"password": PASSWORD, "model's key": KEY, "mail": SMTP_SECRET}
        self.answers: list[bytes] = []

    async def log_in(self) -> None:
        """By cookie, and as an app."""
        body = {"email": EMAIL, "password": PASSWORD}
        async with self._client(Origin=self._base_url) as http:
            assert (await http.post(f"{AUTH}/register", json=body)).status_code == 202
            assert (await http.post(f"{AUTH}/login", json=body)).status_code == 200
            [cookie] = http.cookies.values()
            self._note("cookie", cookie)
            assert (await http.get(f"{ACCOUNT}/me")).status_code == 200
        async with self._client() as http:
            tokens = (await http.post(f"{AUTH}/token", json=body)).json()
            refresh = {"refresh_token": tokens["refresh_token"]}
            renewed = (await http.post(f"{AUTH}/token/refresh", json=refresh)).json()
            self._note("access", tokens["access_token"])
            self._note("refresh", tokens["refresh_token"])
            self._note("access, renewed", renewed["access_token"])
            self._note("refresh, renewed", renewed["refresh_token"])

    async def read(self, wish: dict[str, Any]) -> str:
        """A run by key, a run by ticket, and a shared text."""
        async with self._client(self.secrets["access, renewed"]) as http:
            wanted = {"name": "a machine", "scopes": ["runs:read", "runs:write"]}
            self._note("key", (await http.post(f"{ACCOUNT}/keys", json=wanted)).json()["key"])
        async with self._client(self.secrets["key"]) as http:
            run_id = str((await http.post(f"{RUNS}?wait=true", json=BODY)).json()["run_id"])
            url = (await http.post(f"{RUNS}/{run_id}/share", json={})).json()["url"]
            self._note("share", url.rpartition("/")[2])
            made = await http.post(TICKETS, json={"format": "story", "input": wish})
            self._note("ticket", made.json()["token"])
        async with self._client() as http:
            query = {"theme": wish["theme"], "age": wish["reader"]["age"], "token": self.secrets["ticket"]}
            assert (await http.get(START, params=query)).status_code == 200
            assert (await http.get(url)).status_code == 200
        return run_id

    async def go_wrong(self, run_id: str) -> None:
        """Each credential where it isn't good, or a little wrong; the answers are kept."""
        async with self._client() as http:
            token = self.secrets["ticket"]
            for path, query in (
                (START, {"theme": "knights", "token": token}),
                (START, {"theme": "", "token": token}),
                (f"{RUNS}/{run_id}/stream", {"token": token}),
                (f"{RUNS}/{run_id}/stream", {"token": self.secrets["key"]}),
                (f"/shared/{self.secrets['share']}x", {}),
            ):
                await self._keep(await http.get(path, params=query))
            for name in ("key", "access", "refresh", "cookie", "ticket"):
                for secret in (self.secrets[name], self.secrets[name] + "x"):
                    await self._keep(
                        await http.get(f"{RUNS}/x", headers={"Authorization": f"Bearer {secret}"})
                    )
            used = {"refresh_token": self.secrets["refresh"]}
            await self._keep(await http.post(f"{AUTH}/token/refresh", json=used))
            await self._keep(await http.post(f"{AUTH}/token/refresh", json=[used]))
            wrong = {"email": EMAIL, "password": [PASSWORD], "more": PASSWORD}
            await self._keep(await http.post(f"{AUTH}/login", json=wrong))
        assert all(json.loads(answer)["status"] >= 400 for answer in self.answers)

    async def _keep(self, reply: httpx.Response) -> None:
        self.answers.append(reply.content)

    def _note(self, name: str, secret: str) -> None:
        assert len(secret) >= 20, (name, secret)
        self.secrets[name] = secret

    def _client(self, credential: str | None = None, **headers: str) -> httpx.AsyncClient:
        if credential:
            headers["Authorization"] = f"Bearer {credential}"
        return httpx.AsyncClient(base_url=self._base_url, timeout=60, trust_env=False, headers=headers)


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file in the folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


async def test_credential_is_nowhere_in_what_the_service_writes_or_answers(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script((Rule(Reply(fault=Fault("status", status=503)), structured=False, nth=6),))
    (tmp_path / "prices.toml").write_text(PRICES)
    environment = {
        "STORYWIRE_AUTH": "accounts",
        "STORYWIRE_REGISTRATION": "open",
        "STORYWIRE_LOG_LEVEL": "debug",
        "STORYWIRE_PRICES": str(tmp_path / "prices.toml"),
        "STORYWIRE_RECORD_DIR": str(tmp_path / "data" / "recordings"),
        "STORYWIRE_SMTP_URL": f"smtp://storywire:{SMTP_SECRET}@127.0.0.1:9",
        "STORYWIRE_MAIL_FROM": "storywire@example.org",
    }
    async with (
        Collector() as collector,
        serve_process(tmp_path, provider, STORYWIRE_OTLP=collector.url, **environment) as (
            client,
            process,
            log_path,
        ),
    ):
        visitor = Visitor(client.base_url)
        await visitor.log_in()
        run_id = await visitor.read({"theme": "dragons", "reader": {"age": 7}})
        await visitor.go_wrong(run_id)
        visitor.answers.append((await client.http.get("/metrics")).content)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await process.wait() == 0
        logged = log_path.read_bytes()
        written = [
            ("log", logged),
            *(("trace", posted.body) for posted in collector.posted),
            *(("answer", answer) for answer in visitor.answers),
            *contents(tmp_path / "data"),
        ]
    assert b"dragons" in b"".join(content for name, content in written if name.startswith("recordings"))
    assert collector.posted and run_id.encode() in logged
    found = [
        (name, kind)
        for name, content in written
        for kind, secret in visitor.secrets.items()
        if secret.encode() in content
    ]
    assert found == []
