"""Runs traced over OTLP, to a collector on loopback: one that records, hangs, or refuses."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from ulid import ULID

from backend.resources import open_resources
from backend.settings import SettingsError, load_settings
from tests.fakes.collector import Collector, Mood
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import Told, serve, settings_for
from workflows.messages.messages import UsageUpdated


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """What sends spans goes on for some seconds where a collector hangs; what it draws from `random` meanwhile
    would disturb others' tests."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith(("storywire-otlp", "Otel")):
            thread.join(30)
            assert not thread.is_alive(), thread.name


def _spans(collector: Collector) -> Iterator[Span]:
    for posted in collector.posted:
        assert posted.path == "/v1/traces"
        request = ExportTraceServiceRequest.FromString(posted.body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                yield from scope.spans


def _attributes(span: Span) -> dict[str, Any]:
    return {item.key: getattr(item.value, str(item.value.WhichOneof("value"))) for item in span.attributes}


async def test_run_that_goes_on_in_another_process_is_one_trace_without_texts(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script((Rule(Reply(fault=Fault("drop", after=3)), structured=False, nth=3),))
    async with Collector() as collector:
        settings = settings_for(provider, tmp_path, otlp=collector.url)
        async with serve(settings) as service:
            run_id = await service.client.start(keep_length=False)
            await service.client.read(run_id)
        async with serve(settings) as service:
            await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
            told = Told()
            guessed = []  # what no provider counted
            async for frame in service.client.frames(run_id):
                told.take(frame)
                if (
                    isinstance(frame.message, UsageUpdated)
                    and (call := frame.message.call)
                    and call.estimated
                ):
                    guessed.append(call)
        spans = list(_spans(collector))

    assert told.ending is not None
    assert {ULID.from_bytes(span.trace_id) for span in spans} == {ULID.from_str(run_id)}
    known = {span.span_id for span in spans}
    assert all(span.parent_span_id in known for span in spans if span.parent_span_id)
    roots = sorted((s for s in spans if not s.parent_span_id), key=lambda s: s.start_time_unix_nano)
    words = sum(section["words"] for section in told.ending["sections"])
    first, second = (_attributes(root) for root in roots)
    assert (first["storywire.attempt"], first["storywire.outcome"]) == (1, "failed")
    assert second == {
        "storywire.run_id": run_id,
        "storywire.format": "story",
        "storywire.attempt": 2,
        "storywire.outcome": "completed",
        "storywire.words": words,
    }
    assert [link.span_id for link in roots[1].links] == [roots[0].span_id]
    assert roots[0].status.code == 2

    nodes = [span for span in spans if "storywire.node" in _attributes(span)]
    assert all(span.parent_span_id in {root.span_id for root in roots} for span in nodes)
    sections = [_attributes(span)["storywire.section"] for span in nodes if span.name == "generate_content"]
    assert sorted(sections) == [0, 1, 2, 2, 3]
    calls = [span for span in spans if span.name.startswith("chat")]
    assert all(span.parent_span_id in {node.span_id for node in nodes} for span in calls)
    whole = [span for span in calls if span.status.code != 2]
    assert len(whole) == len(calls) - 1
    usage, [cut_off] = told.ending["usage"], guessed
    assert usage["estimated"] and cut_off.section == 2 and cut_off.output_tokens > 0
    for direction in ("input_tokens", "output_tokens"):
        spent = sum(_attributes(span)[f"gen_ai.usage.{direction}"] for span in whole)
        assert spent + getattr(cut_off, direction) == usage[direction]
    [broken] = [_attributes(span) for span in calls if span.status.code == 2]
    assert broken["error.type"]

    sent = b"".join(posted.body for posted in collector.posted)
    for text in (b"Maya", b"lighthouse", b"sk-test", told.text[:20].encode()):
        assert text not in sent


async def test_trace_of_a_rewrite_names_its_section(provider: FakeProvider, tmp_path: Path) -> None:
    unsafe = "A calm day began. He drew a gun and shot him. Then all was quiet."
    provider.script = Script((
        Rule(Reply(text="All was quiet."), structured=False, contains="The editor's notes"),
        Rule(Reply(text=unsafe), structured=False, nth=2),
    ))  # fmt: skip
    async with Collector() as collector:
        async with serve(settings_for(provider, tmp_path, otlp=collector.url)) as service:
            await service.client.read(await service.client.start(keep_length=False))
        spans = list(_spans(collector))
    [rewrite] = [_attributes(span) for span in spans if span.name == "enhance_content"]
    assert rewrite["storywire.section"] == 1


@pytest.mark.parametrize("mood", ["hang", "refuse"])
async def test_stream_goes_on_and_the_service_stops_when_the_collector_does_not_answer(
    mood: Mood, provider: FakeProvider, tmp_path: Path
) -> None:
    async with Collector(mood) as collector:
        async with serve(settings_for(provider, tmp_path, otlp=f"{collector.url}/v1/traces")) as service:
            first = await service.client.read(await service.client.start(keep_length=False))
            await collector.wait_until(lambda: bool(collector.posted))
            second = await service.client.read(await service.client.start(keep_length=False))
            for told in (first, second):
                assert told.ending is not None
                assert told.ending["type"] == "complete"
                assert told.text == told.ending["story_content"]
            if mood == "hang":
                assert collector.answered == 0
        if mood == "hang":
            assert collector.answered == 0


def test_collector_that_is_no_address_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"STORYWIRE_OTLP: .* http://127"):
        load_settings(otlp="localhost:4318", _env_file=None)


async def test_traces_of_one_system_are_closed_when_the_other_can_not_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1000000")  # more than its queue holds
    asked = {
        "langsmith_tracing": True,
        "langsmith_api_key": "key",
        "langsmith_endpoint": "http://127.0.0.1:9",
    }
    before = {thread.name for thread in threading.enumerate()}
    with pytest.raises(ValueError, match="max_export_batch_size"):
        async with open_resources(settings_for("http://127.0.0.1:9/v1", tmp_path, otlp="http://x", **asked)):
            pass

    assert "storywire-langsmith" not in {thread.name for thread in threading.enumerate()} - before
