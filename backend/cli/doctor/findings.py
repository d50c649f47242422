"""Diagnosis of a measured stream. Pure: the network is in `proxy.py`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from backend.cli.doctor.advice import advise, guess_product
from backend.cli.doctor.measurement import Measurement, Tick

FindingSeverity = Literal["broken", "warning", "note"]

_TOGETHER = 0.25
"""Ticks that arrive within this part of an interval arrived together."""
_CLUMP = 3
_LATE_SECONDS = 0.25
_HEARTBEAT_MARGIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ProxyFinding:
    """A finding: the symptom, its consequence, and the remedy."""

    code: str
    severity: FindingSeverity
    seen: str
    why: str
    change: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProxyFindings:
    """A measurement and its findings; without any, nothing is wrong."""

    measured: Measurement
    found: tuple[ProxyFinding, ...]

    @property
    def broken(self) -> bool:
        """Whether streaming is broken."""
        return any(finding.severity == "broken" for finding in self.found)

    @property
    def product(self) -> str | None:
        """The proxy in front of the service, if it can be recognised."""
        return guess_product(self.measured.headers)


def judge(measured: Measurement) -> ProxyFindings:
    """The findings, the worst first."""
    product = guess_product(measured.headers)
    order = ("broken", "warning", "note")
    found = [
        ProxyFinding(code, severity, seen, why, advise(code, product))
        for code, severity, seen, why in _findings(measured)
    ]
    return ProxyFindings(measured, tuple(sorted(found, key=lambda finding: order.index(finding.severity))))


_Found = tuple[str, FindingSeverity, str, str]


def lateness(ticks: Sequence[Tick]) -> list[float]:
    """Delay of each tick in seconds, relative to the quickest: the two clocks need not agree."""
    quickest = min((tick.arrived - tick.sent for tick in ticks), default=0.0)
    return [tick.arrived - tick.sent - quickest for tick in ticks]


def _findings(measured: Measurement) -> Iterator[_Found]:
    if measured.failure is not None:
        yield "unreachable", "broken", measured.failure, "Nothing answers at this address."
        return
    if measured.status != 200:
        yield _refusal(measured)
        return
    if not measured.headers.get("content-type", "").startswith("text/event-stream"):
        kind = measured.headers.get("content-type", "none")
        yield (
            "content_type",
            "broken",
            f"Content-Type is {kind[:60]}, not text/event-stream.",
            "An EventSource refuses such a reply; or something other than Storywire answers here.",
        )
        if not measured.ticks:
            return
    yield from _timing(measured)
    yield from _transport(measured)
    yield from _headers(measured)
    yield from _contents(measured)
    yield from _silence(measured)


def _refusal(measured: Measurement) -> _Found:
    status, detail = measured.status, measured.detail
    match status:
        case 403:
            return "forbidden", "broken", f"403: {detail}", "The service refuses requests for this name."
        case 404:
            why = "No Storywire answers below this address: a path prefix is wrong, or its version is older."
            return "not_found", "broken", f"404 at {measured.path}.", why
        case 502 | 503 | 504:
            why = "What stands in front can't reach the service, or the service has no room just now."
            return "unavailable", "broken", f"{status}: {detail}", why
        case _:
            return "refused", "broken", f"{status}: {detail}", "The stream was refused before its first byte."


def _timing(measured: Measurement) -> Iterator[_Found]:
    ticks = measured.ticks
    if len(ticks) < measured.requested_ticks:
        yield (
            "cut_short",
            "broken",
            f"The reply ended after {len(ticks)} of {measured.requested_ticks} messages.",
            "Readers are cut off in mid-stream. They come back and lose nothing, but again and again.",
        )
    if len(ticks) < _CLUMP:
        return
    late = lateness(ticks)
    sent, came = ticks[-1].sent - ticks[0].sent, ticks[-1].arrived - ticks[0].arrived
    largest = max(_clumps(ticks, measured.interval))
    if came < sent * _TOGETHER:
        yield (
            "buffered",
            "broken",
            f"{len(ticks)} messages sent over {sent:.1f} s arrived within {came:.1f} s.",
            "Something collects the reply and passes it on whole: a story arrives in one piece at its end.",
        )
    elif largest >= _CLUMP and max(late) > _LATE_SECONDS:
        yield (
            "buffered",
            "broken",
            f"Messages arrived in clumps, up to {largest} at once, up to {max(late):.1f} s late.",
            "Something fills a buffer before it passes anything on: text comes in bursts.",
        )
    elif max(late) > max(_LATE_SECONDS, measured.interval):
        yield (
            "jitter",
            "warning",
            f"Messages came up to {max(late) * 1000:.0f} ms later than others.",
            "Text will come unevenly. A busy machine or a poor line does that too: measure again.",
        )


def _clumps(ticks: Sequence[Tick], interval: float) -> list[int]:
    sizes = [1]
    for before, tick in pairwise(ticks):
        # Only what was sent apart: a service that was busy sends what it missed at once.
        if tick.arrived - before.arrived < interval * _TOGETHER and tick.sent - before.sent > interval / 2:
            sizes[-1] += 1
        else:
            sizes.append(1)
    return sizes


def _transport(measured: Measurement) -> Iterator[_Found]:
    headers = measured.headers
    if measured.http_version == "HTTP/1.0" or measured.arrival.get("http_version") == "1.0":
        side = "to the reader" if measured.http_version == "HTTP/1.0" else "to the service"
        yield (
            "http_1_0",
            "warning",
            f"HTTP/1.0 is spoken {side}.",
            "It has no chunks, so replies are often collected whole, and each needs a connection of its own.",
        )
    if (encoding := headers.get("content-encoding", "identity")) != "identity":
        yield (
            "compressed",
            "warning",
            f"The stream is compressed ({encoding[:20]}).",
            "A compressor holds text back until it has enough of it. The service asks for none (no-transform).",
        )
    if "content-length" in headers:
        yield (
            "content_length",
            "broken",
            f"The stream has a Content-Length ({headers['content-length'][:20]}).",
            "Whoever knows the length has read the whole reply before passing on a byte.",
        )
    if "close" in headers.get("connection", "").lower() and measured.http_version == "HTTP/1.1":
        yield (
            "connection_close",
            "note",
            "Connections are closed after each reply (Connection: close).",
            "Streams work; every reconnect pays for a new connection.",
        )


def _headers(measured: Measurement) -> Iterator[_Found]:
    control = measured.headers.get("cache-control", "")
    if "no-transform" not in control or "no-store" not in control:
        yield (
            "cache_control",
            "warning",
            f"Cache-Control arrives as {control[:60] or 'nothing'}; the service sends no-store, no-transform.",
            "Proxies further on may compress, rewrite or keep what they should pass on.",
        )
    if "x-accel-buffering" not in measured.headers and guess_product(measured.headers) != "nginx":
        # nginx obeys it and takes it away, as it should.
        yield (
            "x_accel_buffering",
            "note",
            "X-Accel-Buffering doesn't arrive.",
            "Harmless if an nginx on the way has obeyed it; else one further on isn't told not to buffer.",
        )


def _contents(measured: Measurement) -> Iterator[_Found]:
    if measured.ticks and not measured.comments:
        yield (
            "no_heartbeat",
            "warning",
            "The heartbeat comments don't arrive.",
            "They keep idle connections open while a model thinks.",
        )
    arrival = measured.arrival
    if not arrival:
        return
    if arrival.get("last_event_id") != measured.last_event_id:
        yield (
            "last_event_id",
            "broken",
            "The header Last-Event-ID doesn't reach the service.",
            "A reader that comes back is told everything again; a GET that starts a run would start a second one.",
        )
    if (path := arrival.get("path")) != measured.path:
        yield (
            "prefix",
            "broken",
            f"{measured.path} reaches the service as {path}.",
            "The service gives out addresses that begin with /api/. Serve it at the root of a host name.",
        )


def _silence(measured: Measurement) -> Iterator[_Found]:
    idle = measured.idle
    if idle is None or not idle.broke:
        return
    ping = float(measured.arrival.get("ping_seconds", 15.0))
    too_soon = idle.lasted < ping + _HEARTBEAT_MARGIN_SECONDS
    yield (
        "idle_timeout",
        "broken" if too_soon else "note",
        f"A silent connection is cut after {idle.lasted:.0f} s; the heartbeat comes every {ping:.0f} s.",
        "Readers are cut off while a model thinks." if too_soon else "The heartbeat comes in time.",
    )
