"""What access costs: the check of every request by kind of credential, twenty log-ins at once, and how much a stream is
late by them.

The check is the middleware alone, in this process, over an application that answers nothing. Log-ins are of twenty
people from twenty addresses, at a service of its own process. "Processor" is what they took of it together, shared out
over the machine's cores: on a machine with other work the clock shows more, and on an idle one it can't show less.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from backend.api.security.access import Access
from backend.logs import configure_logs
from benchmarks.processes import ServiceProcess, cpu_seconds
from benchmarks.report import Row, Rows, show_one
from tests.fakes.process import spawn_provider
from tests.people import PASSWORD, add_person, log_in, make_key, serve_accounts
from tests.service import LiveService

_CHECKS = 2000
_AT_ONCE = 20
_ROUNDS = 5
_SETTLED_SECONDS = 0.3
_CHECK_LIMIT, _LOGIN_LIMIT, _DELAY_LIMIT = 0.001, 0.3, 0.05
_TICKS, _EVERY_MS = 200, 20


async def run() -> Rows:
    """The three, one after another."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with spawn_provider() as provider:
            async with serve_accounts(provider.openai_url, folder, log_level="error") as service:
                configure_logs(service.resources.settings)
                rows = await _checks(service)
            settings = {
                "auth": "accounts",
                "registration": "open",
                "trusted_proxies": "127.0.0.0/8",
                "prices": folder / "prices.toml",
            }
            async with (
                ServiceProcess(provider.openai_url, folder / "data", **settings) as process,
                AsyncExitStack() as stack,
            ):
                clients = [await _person(stack, process, number) for number in range(_AT_ONCE)]
                await _log_in_all(clients)  # what is loaded at first use is loaded now
                rows += await _log_ins(process, clients)
                rows.append(await _delay(clients))
        return rows


async def _checks(service: LiveService) -> Rows:
    person = await add_person(service, "reader")
    browser = await log_in(service, person.email)
    cookie = next(iter(browser.cookies.jar))
    key = await make_key(person, "runs:read")
    shown = {
        "a cookie": ("cookie", f"{cookie.name}={cookie.value}"),
        "an access token": ("authorization", person.http.headers["Authorization"]),
        "an API key": ("authorization", f"Bearer {key}"),
    }
    return [await _check(service, name, header) for name, header in shown.items()]


async def _check(service: LiveService, name: str, header: tuple[str, str]) -> Row:
    access = Access(_answer, service.resources.settings)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/runs",
        "query_string": b"",
        "headers": [(header[0].encode(), header[1].encode())],
        "app": service.server.config.app,
    }
    seconds = []
    for _ in range(_CHECKS):
        began = time.perf_counter()
        await access(dict(scope), _receive, _send)
        seconds.append(time.perf_counter() - began)
    median = statistics.median(seconds)
    tail = statistics.quantiles(seconds, n=100)[98]
    return Row(
        f"check of {name}",
        f"median {median * 1e3:.2f} ms, 99 % {tail * 1e3:.1f} ms",
        f"{_CHECK_LIMIT * 1e3:.0f} ms",
        median / _CHECK_LIMIT,
        "≤ 1 ms",
        median <= _CHECK_LIMIT,
    )


async def _person(
    stack: AsyncExitStack, process: ServiceProcess, number: int
) -> tuple[str, httpx.AsyncClient]:
    """Somebody who has registered, with a connection that is open already."""
    url = f"http://127.0.0.1:{process.port}"
    headers = {"X-Forwarded-For": f"203.0.113.{number}", "Origin": url}
    client = await stack.enter_async_context(
        httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)
    )
    email = f"person{number}@example.org"
    body = {"email": email, "password": PASSWORD}
    (await client.post("/api/v1/auth/register", json=body)).raise_for_status()
    return email, client


async def _log_in_all(clients: list[tuple[str, httpx.AsyncClient]]) -> list[float]:
    async def one(email: str, client: httpx.AsyncClient) -> float:
        began = time.perf_counter()
        reply = await client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        assert reply.status_code == 200, reply.text
        return time.perf_counter() - began

    return sorted(await asyncio.gather(*(one(*client) for client in clients)))


async def _log_ins(process: ServiceProcess, clients: list[tuple[str, httpx.AsyncClient]]) -> Rows:
    rounds, processor = [], []
    for _ in range(_ROUNDS):
        began = cpu_seconds(process.pid)
        rounds.append(await _log_in_all(clients))
        await asyncio.sleep(_SETTLED_SECONDS)
        processor.append((cpu_seconds(process.pid) - began) / (os.cpu_count() or 1))
    median = statistics.median(each[_AT_ONCE // 2] for each in rounds)
    last, least = min(each[-1] for each in rounds), min(processor)
    row = _login_row(f"{_AT_ONCE} log-ins at once, the last of them", last)
    return [
        row(f"median {median * 1e3:.0f} ms, last {last * 1e3:.0f} ms"),
        _login_row("their processor time, over all cores", least)(f"{least * 1e3:.0f} ms"),
    ]


def _login_row(what: str, seconds: float) -> Callable[[str], Row]:
    limit = f"{_LOGIN_LIMIT * 1e3:.0f} ms"
    return lambda text: Row(what, text, limit, seconds / _LOGIN_LIMIT, f"≤ {limit}", seconds <= _LOGIN_LIMIT)


async def _delay(clients: list[tuple[str, httpx.AsyncClient]]) -> Row:
    """The longest silence of a stream that gets a message every 20 ms: with log-ins, and without."""
    quiet = _silence(await _ticks(clients[0][1]))
    listening = asyncio.create_task(_ticks(clients[0][1]))
    while not listening.done():
        await _log_in_all(clients)
    busy = _silence(await listening)
    return Row(
        "a stream's longest silence meanwhile",
        f"{busy * 1e3:.0f} ms",
        f"{quiet * 1e3:.0f} ms without",
        busy / quiet,
        "≤ 50 ms more",
        busy - quiet <= _DELAY_LIMIT,
    )


async def _ticks(http: httpx.AsyncClient) -> list[float]:
    """When each message was sent, by the service's clock: this process is busy itself."""
    params = {"ticks": _TICKS, "interval_ms": _EVERY_MS}
    async with http.stream("GET", "/api/v1/diagnostics/stream", params=params) as reply:
        lines = [line async for line in reply.aiter_lines() if line.startswith("data: ")]
    return [float(json.loads(line.removeprefix("data: "))["sent_at"]) for line in lines]


def _silence(arrivals: list[float]) -> float:
    return max(after - before for before, after in pairwise(arrivals))


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _receive() -> dict[str, Any]:
    raise AssertionError("nothing is read")


async def _send(message: Any) -> None:
    del message


if __name__ == "__main__":
    show_one(run, "access")
