"""Measurement for `storywire doctor URL`: whether a stream arrives as it is sent, through all proxies."""

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import httpx2

from backend.cli.doctor.findings import ProxyFindings, judge, lateness
from backend.cli.doctor.measurement import Idle, Measurement, Tick
from backend.cli.terminal import say, show_pairs, write

_ROUTE = "/api/v1/diagnostics/stream"
_LAST_EVENT_ID = "diagnostics:0"
_TICKS = 12
_INTERVAL_MS = 200
_PATIENCE_SECONDS = 30.0
_STYLES = {"broken": "red", "warning": "yellow", "note": "dim"}


async def measure(
    url: str, *, ticks: int = _TICKS, interval_ms: int = _INTERVAL_MS, idle: float | None = None
) -> ProxyFindings:
    """Reads a stream of ticks from the service at `url` and judges its arrival. Never raises for what it finds.

    With `idle`, reads a second one on which nothing is sent for that many seconds.
    """
    address = (url if "://" in url else f"http://{url}").rstrip("/") + _ROUTE
    timeout = httpx2.Timeout(10, read=_PATIENCE_SECONDS + ticks * interval_ms / 1000 + (idle or 0))
    async with httpx2.AsyncClient(
        timeout=timeout, headers={"Accept-Encoding": "gzip, deflate"}, follow_redirects=True
    ) as client:
        requested = {"ticks": str(ticks), "interval_ms": str(interval_ms)}
        measured = await _read(client, address, requested)
        measured = replace(measured, requested_ticks=ticks, interval=interval_ms / 1000)
        if idle is not None and measured.ticks:
            measured = replace(measured, idle=await _probe_silence(client, address, idle))
    return judge(measured)


def check_streaming(
    url: str,
    *,
    ticks: int | None = None,
    interval_ms: int | None = None,
    idle: float | None = None,
    as_json: bool = False,
) -> int:
    """Measures, prints the findings, and returns the exit status: 1 when streaming is broken."""
    findings = asyncio.run(
        measure(url, ticks=ticks or _TICKS, interval_ms=interval_ms or _INTERVAL_MS, idle=idle)
    )
    if as_json:
        write(json.dumps({"broken": findings.broken, "product": findings.product, **asdict(findings)}))
    else:
        show(findings)
    return 1 if findings.broken else 0


@dataclass(slots=True)
class _Reading:
    """Lines of a stream as they arrive."""

    ticks: list[Tick] = field(default_factory=list)
    comments: int = 0
    arrival: dict[str, Any] = field(default_factory=dict)

    def take(self, line: str, now: float) -> None:
        """Takes a line; anything but a tick or a comment is ignored."""
        if line.startswith(":"):
            self.comments += 1
        if not line.startswith("data:"):
            return
        try:
            data = json.loads(line.removeprefix("data:"))
            self.ticks.append(Tick(int(data["number"]), float(data["sent_ms"]) / 1000, now))
            self.arrival = data.get("arrival") or self.arrival
        except (ValueError, KeyError, TypeError, AttributeError):
            return


async def _read(client: httpx2.AsyncClient, address: str, requested: dict[str, str]) -> Measurement:
    clock = asyncio.get_running_loop().time
    began = clock()
    reading = _Reading()
    measured = Measurement(url=address, last_event_id=_LAST_EVENT_ID)
    headers = {"Accept": "text/event-stream", "Last-Event-ID": _LAST_EVENT_ID}
    try:
        async with client.stream("GET", address, params=requested, headers=headers) as reply:
            measured = replace(
                measured,
                path=reply.url.path,
                status=reply.status_code,
                http_version=reply.http_version,
                headers={name.lower(): value for name, value in reply.headers.items()},
                opened=clock() - began,
            )
            if reply.status_code != 200:
                return replace(measured, detail=_detail(await reply.aread()))
            async with aclosing(_lines(reply)) as lines:
                async for line, came in lines:
                    reading.take(line, came - began)
        broke = False
    except (httpx2.HTTPError, zlib.error) as error:
        if not measured.status:
            return replace(measured, failure=f"There is no answer from {address} ({type(error).__name__}).")
        broke = True
    except (httpx2.InvalidURL, ValueError):
        return replace(measured, failure=f"{address} is no address: http://HOST:PORT is.")
    return replace(
        measured, ticks=tuple(reading.ticks), comments=reading.comments, arrival=reading.arrival, broke=broke
    )


async def _probe_silence(client: httpx2.AsyncClient, address: str, seconds: float) -> Idle:
    clock = asyncio.get_running_loop().time
    began = clock()
    requested = {"ticks": "2", "interval_ms": str(round(seconds * 1000)), "heartbeat": "false"}
    measured = await _read(client, address, requested)
    if len(measured.ticks) == 2:
        return Idle(requested=seconds, lasted=seconds, broke=False)
    first = measured.ticks[0].arrived if measured.ticks else 0.0
    return Idle(requested=seconds, lasted=clock() - began - first, broke=True)


async def _lines(reply: httpx2.Response) -> AsyncGenerator[tuple[str, float]]:
    """Lines with their times of arrival. A line that a compressor still holds back hasn't arrived."""
    clock = asyncio.get_running_loop().time
    decode = _decoder(reply.headers.get("content-encoding", ""))
    rest = b""
    async for data in reply.aiter_raw():
        came = clock()  # what comes in one read came at one time
        *lines, rest = (rest + decode(data)).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").rstrip("\r"), came


def _decoder(encoding: str) -> Callable[[bytes], bytes]:
    if encoding in ("gzip", "deflate"):
        return zlib.decompressobj(wbits=47).decompress  # 47: by its first bytes, gzip or zlib
    return bytes


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])[:200]
    except (ValueError, KeyError, TypeError):
        return "no reason given"


def show(findings: ProxyFindings) -> None:
    """What was measured and what it means, in words."""
    show_pairs(_numbers(findings))
    if not findings.found:
        say("\n", ("Streams arrive as they are sent.", "green"))
    for finding in findings.found:
        say("\n", (finding.severity, _STYLES[finding.severity]), "  ", (finding.seen, "bold"))
        say(f"  {finding.why}")
        for line in finding.change:
            say(f"  → {line}")


def _numbers(findings: ProxyFindings) -> Iterator[tuple[str, str]]:
    measured = findings.measured
    yield "Address", measured.url
    if not measured.status:
        return
    product = f", {findings.product} in front" if findings.product else ""
    yield "Reply", f"{measured.status}, {measured.http_version}{product}"
    yield "Opened", f"after {measured.opened * 1000:.0f} ms"
    if measured.ticks:
        first, late = measured.ticks[0].arrived, max(lateness(measured.ticks))
        yield "First", f"message after {first * 1000:.0f} ms"
        yield (
            "Messages",
            f"{len(measured.ticks)} of {measured.requested_ticks}, {late * 1000:.0f} ms apart from even",
        )
    if measured.idle is not None:
        ended = "then it was cut" if measured.idle.broke else "and went on"
        yield "Silence", f"lasted {measured.idle.lasted:.0f} s, {ended}"
