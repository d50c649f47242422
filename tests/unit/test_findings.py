"""What a measurement means."""

from dataclasses import replace
from typing import Any

import pytest

from backend.cli.doctor.findings import judge
from backend.cli.doctor.measurement import Idle, Measurement, Tick
from backend.cli.doctor.proxy import show

HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
}
PATH = "/api/v1/diagnostics/stream"


def ticks(*arrived: float, interval: float = 0.2, skew: float = 0.0) -> tuple[Tick, ...]:
    return tuple(Tick(n + 1, n * interval, when + skew) for n, when in enumerate(arrived))


GOOD = Measurement(
    url=f"http://story.example{PATH}",
    path=PATH,
    last_event_id="diagnostics:0",
    status=200,
    http_version="HTTP/1.1",
    headers=HEADERS,
    requested_ticks=6,
    interval=0.2,
    ticks=ticks(0.01, 0.21, 0.41, 0.61, 0.81, 1.01),
    comments=6,
    arrival={"path": PATH, "http_version": "1.1", "last_event_id": "diagnostics:0", "ping_seconds": 15.0},
)


def codes(measured: Measurement) -> list[str]:
    return [finding.code for finding in judge(measured).found]


def with_headers(**given: str) -> Measurement:
    return replace(GOOD, headers=HEADERS | {name.replace("_", "-"): value for name, value in given.items()})


def test_even_stream_with_all_its_headers_is_fine() -> None:
    assert codes(GOOD) == [] and not judge(GOOD).broken


def test_clocks_and_lines_that_are_far_apart_change_nothing() -> None:
    assert codes(replace(GOOD, ticks=ticks(0.01, 0.21, 0.41, 0.61, 0.81, 1.01, skew=7))) == []


@pytest.mark.parametrize(
    ("arrived", "code"),
    [
        ((1.0, 1.0, 1.0, 1.01, 1.01, 1.01), "buffered"),
        ((0.5, 0.5, 0.51, 1.1, 1.1, 1.1), "buffered"),
        ((0.0, 0.2, 0.4, 0.6, 1.3, 1.4), "jitter"),
    ],
)
def test_stream_that_does_not_come_evenly_is_found(arrived: tuple[float, ...], code: str) -> None:
    assert codes(replace(GOOD, ticks=ticks(*arrived))) == [code]
    assert judge(replace(GOOD, ticks=ticks(*arrived))).broken == (code == "buffered")


def test_messages_that_were_sent_together_may_come_together() -> None:
    sent = (0.0, 0.2, 0.79, 0.8, 0.81, 1.0)
    busy = tuple(Tick(n + 1, when, when + 0.01) for n, when in enumerate(sent))
    assert codes(replace(GOOD, ticks=busy)) == []


@pytest.mark.parametrize(
    ("change", "code", "broken"),
    [
        ({"http_version": "HTTP/1.0"}, "http_1_0", False),
        ({"arrival": {**GOOD.arrival, "http_version": "1.0"}}, "http_1_0", False),
        ({"comments": 0}, "no_heartbeat", False),
        ({"arrival": {**GOOD.arrival, "last_event_id": ""}}, "last_event_id", True),
        ({"path": f"/story{PATH}"}, "prefix", True),
        ({"requested_ticks": 12, "broke": True}, "cut_short", True),
        ({"idle": Idle(60, 8, True)}, "idle_timeout", True),
        ({"idle": Idle(60, 30, True)}, "idle_timeout", False),
        ({"failure": "There is no answer."}, "unreachable", True),
        ({"status": 403}, "forbidden", True),
        ({"status": 404}, "not_found", True),
        ({"status": 502}, "unavailable", True),
        ({"status": 401}, "refused", True),
    ],
)
def test_each_fault_is_named(change: dict[str, Any], code: str, broken: bool) -> None:
    findings = judge(replace(GOOD, **change))
    assert [finding.code for finding in findings.found] == [code]
    assert findings.broken == broken


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content_encoding": "gzip"}, "compressed"),
        ({"content_length": "900"}, "content_length"),
        ({"connection": "close"}, "connection_close"),
        ({"cache_control": "public, max-age=60"}, "cache_control"),
        ({"content_type": "text/plain"}, "content_type"),
    ],
)
def test_each_header_that_is_wrong_is_named(headers: dict[str, str], code: str) -> None:
    assert codes(with_headers(**headers)) == [code]


def test_silence_that_lasts_is_fine() -> None:
    assert codes(replace(GOOD, idle=Idle(60, 60, False))) == []


def test_page_of_somebody_else_is_one_finding() -> None:
    page = replace(GOOD, headers={"content-type": "text/html"}, ticks=(), comments=0, arrival={})
    assert codes(page) == ["content_type"]


def test_header_that_nginx_obeys_and_takes_away_is_not_missed() -> None:
    bare = {name: value for name, value in HEADERS.items() if name != "x-accel-buffering"}

    assert codes(replace(GOOD, headers=bare)) == ["x_accel_buffering"]
    assert codes(replace(GOOD, headers=bare | {"server": "nginx/1.27"})) == []


def test_advice_is_for_what_stands_in_front_or_for_each() -> None:
    gathered = replace(GOOD, ticks=ticks(*[1.0] * 6))
    [known] = judge(replace(gathered, headers=HEADERS | {"server": "cloudflare"})).found
    [unknown] = judge(gathered).found

    assert len(known.change) == 1 and known.change[0].startswith("Cloudflare: ")
    assert {line.split(":")[0] for line in unknown.change} >= {"nginx", "Caddy", "Apache", "Cloudflare"}


def test_worst_is_told_first() -> None:
    bad = replace(with_headers(content_encoding="gzip", connection="close"), ticks=ticks(*[1.0] * 6))

    assert [finding.severity for finding in judge(bad).found] == ["broken", "warning", "note"]


def test_findings_are_told_in_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    show(judge(GOOD))
    fine = capsys.readouterr().out
    show(judge(replace(GOOD, ticks=ticks(*[1.0] * 6))))
    gathered = capsys.readouterr().out

    assert "Streams arrive as they are sent." in fine and "6 of 6, 0 ms apart from even" in fine
    assert "6 messages sent over 1.0 s arrived within 0.0 s." in gathered and "broken" in gathered
    assert "Streams arrive" not in gathered and "nginx: proxy_buffering off" in gathered
