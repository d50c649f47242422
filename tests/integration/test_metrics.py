"""/metrics of a live service, and what is drawn and watched from it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from tests.architecture.tree import ROOT
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import STORY, Client, serve, settings_for

DASHBOARD = ROOT / "deploy/grafana/storywire.json"
RULES = ROOT / "deploy/prometheus/storywire.rules.yml"
# Labels that Prometheus itself adds.
ADDED = {"instance", "job", "le"}
GRID = 24


async def _scrape(client: Client) -> dict[str, Metric]:
    """What a scraper finds: by the name of every sample, its family."""
    reply = await client.http.get("/metrics")
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    found: dict[str, Metric] = {}
    for family in text_string_to_metric_families(reply.text):
        for suffix in {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(
            family.type, ("",)
        ):
            found[family.name + suffix] = family
    return found


def _value(metrics: dict[str, Metric], name: str, **labels: str) -> float:
    return sum(
        sample.value
        for sample in metrics[name].samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def _expressions() -> Iterator[tuple[str, str]]:
    """Where it stands, and the expression."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"]
    for group in YAML(typ="safe").load(RULES)["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def _labels(expression: str) -> set[str]:
    """The labels that it selects or groups by."""
    selected = re.findall(r"([a-z_]+)=~?\"", expression)
    grouped = re.findall(r"\bby \(([^)]*)\)", expression)
    return {*selected, *(name.strip() for names in grouped for name in names.split(","))} - ADDED


async def test_metrics_after_a_story_and_a_failure_hold_everything_that_is_drawn_and_watched(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        client = service.client
        finished = await client.start(keep_length=False)
        told = await client.read(finished)
        await service.resources.engine.settle(finished)
        before = await _scrape(client)
        provider.script = Script((Rule(Reply(fault=Fault("status", status=503)), structured=False),))
        failed = await client.start(keep_length=False)
        await client.read(failed)
        await service.resources.engine.settle(failed)
        provider.script = Script()
        await client.http.post(f"/api/v1/runs/{failed}/resume")
        await client.read(failed)
        await service.resources.engine.settle(failed)
        after = await _scrape(client)

    assert told.ending is not None
    assert _value(before, "storywire_runs_total", format="story", outcome="completed") == 1
    assert _value(before, "storywire_words_total") == sum(s["words"] for s in told.ending["sections"])
    usage = told.ending["usage"]
    assert _value(before, "storywire_tokens_total", direction="input") == usage["input_tokens"]
    assert _value(before, "storywire_tokens_total", direction="output") == usage["output_tokens"]
    assert _value(before, "storywire_section_seconds_count") == len(told.ending["sections"])
    assert _value(before, "storywire_run_first_text_seconds_count") == 1
    assert _value(before, "storywire_gate_delay_max_seconds_count", gate="sentence") == 1
    assert 0 < _value(before, "storywire_log_append_seconds_count") <= told.last_seq
    assert _value(before, "storywire_log_entries_total") == told.last_seq
    assert _value(before, "storywire_runs_room") == 100
    stream = {"route": "/api/v1/runs/{run_id}/stream", "method": "GET", "status": "200"}
    assert _value(before, "storywire_http_requests_total", **stream) == 1

    assert _value(after, "storywire_run_errors_total", code="MODEL_UNAVAILABLE") == 1
    assert _value(after, "storywire_runs_total", outcome="failed") == 1
    assert _value(after, "storywire_runs_total", outcome="completed") == 2
    assert _value(after, "storywire_attempts_total", kind="resumed") == 1
    assert _value(after, "storywire_runs_active") == 0

    for place, expression in _expressions():
        names = re.findall(r"\b(?:storywire|process)_[a-z_]+\b", expression)
        assert names or "up{" in expression, place
        for name in names:
            assert name in after, f"{place}: there is no metric {name}"
            known = {label for sample in after[name].samples for label in sample.labels}
            if known and len(names) == 1:
                assert _labels(expression) <= known | ADDED, f"{place}: {expression}"


async def test_run_for_which_there_is_no_room_is_refused_and_counted_and_none_waits_unseen(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=1), structured=False, times=1),))
    async with serve(settings_for(provider, tmp_path, max_runs=1)) as service:
        client = service.client
        running = await client.start(keep_length=False)
        await provider.wait_for_held()
        refused = await client.http.post("/api/v1/runs", json={"format": "story", "input": STORY})
        full = await _scrape(client)
        provider.release()
        await client.read(running)
        await service.resources.engine.settle(running)
        await client.read(await client.start(keep_length=False))
        after = await _scrape(client)
        stored = (await client.http.get("/api/v1/runs")).json()["runs"]

    assert (refused.status_code, refused.json()["code"]) == (503, "OVERLOADED")
    assert int(refused.headers["retry-after"]) > 0
    assert (_value(full, "storywire_runs_active"), _value(full, "storywire_runs_room")) == (1, 1)
    assert _value(full, "storywire_runs_refused_total") == 1
    assert _value(after, "storywire_runs_refused_total") == 1 and len(stored) == 2


async def test_metrics_that_are_off_are_not_there(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve(settings_for(provider, tmp_path, metrics=False)) as service:
        reply = await service.client.http.get("/metrics")
    assert reply.status_code == 404


async def test_metrics_answer_to_this_services_name_only(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        reply = await service.client.http.get("/metrics", headers={"Host": "evil.example"})
    assert reply.status_code == 403
    assert reply.json()["code"] == "FORBIDDEN"


def _dashboard() -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return dashboard


@pytest.mark.parametrize("panel", _dashboard()["panels"], ids=lambda panel: panel["title"])
def test_dashboard_panel_has_what_grafana_asks_for(panel: dict[str, Any]) -> None:
    place = panel["gridPos"]
    assert panel["type"] in {"row", "timeseries", "stat"}
    assert panel["title"]
    assert place["x"] + place["w"] <= GRID
    if panel["type"] == "row":
        return
    assert panel["targets"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    for part in (panel, *panel["targets"]):
        assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["fieldConfig"]["defaults"]["unit"]


def test_dashboard_is_one_that_grafana_can_import() -> None:
    dashboard = _dashboard()
    assert dashboard["schemaVersion"] >= 36
    assert dashboard["uid"] == "storywire"
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == [
        "datasource",
        "instance",
        "format",
    ]
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    covered = set()
    for panel in panels:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in covered, f"{panel['title']} lies on another panel"
                covered.add((x, y))


def test_scrape_example_loads_the_rules() -> None:
    example = YAML(typ="safe").load(ROOT / "deploy/prometheus/prometheus.yml")
    assert example["rule_files"] == [RULES.name]
    for group in YAML(typ="safe").load(RULES)["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"page", "note"}
            assert rule["annotations"]["summary"]
            assert rule["annotations"]["description"]
