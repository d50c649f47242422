"""Runs traced by LangSmith, which is played by a collector on loopback: one that records, hangs, or refuses."""

import email
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.collector import Collector, Mood, Posted
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import serve, settings_for
from workflows.messages.messages import TextAppended

KEY = "lsv2_secret"


def _tracing(collector: Collector, **overrides: Any) -> dict[str, Any]:
    return {
        "LANGSMITH_TRACING": True,
        "LANGSMITH_API_KEY": KEY,
        "LANGSMITH_ENDPOINT": collector.url,
        "LANGSMITH_PROJECT": "tales",
        **overrides,
    }


def _parts(posted: Posted) -> dict[str, Any]:
    """The parts of a multipart request by name (`post.<id>`, `patch.<id>.outputs`), decoded."""
    head = f"Content-Type: {posted.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + posted.body)
    parts = {}
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            parts[str(part.get_param("name", header="content-disposition"))] = json.loads(content)
    return parts


def _steps(collector: Collector) -> dict[str, dict[str, Any]]:
    """Every traced step by id: what was told when it began, and what later changed."""
    steps: dict[str, dict[str, Any]] = {}
    for posted in collector.posted:
        for name, value in _parts(posted).items():
            _, run_id, *field = name.split(".")
            step = steps.setdefault(run_id, {})
            step.update({field[0]: value} if field else value)
    return steps


async def test_trace_of_a_run_tells_run_format_section_and_attempt_and_hides_the_child(
    provider: FakeProvider, tmp_path: Path
) -> None:
    third = Rule(Reply(fault=Fault("drop", after=3)), structured=False, nth=3)
    wish = "Biscuit the dog finds the way"
    easy = "sentences of about 8 words, none over 16, no harder than school grade 1"
    scenes = [f"Maya saw the moon. {write_prose(f'{place}; {easy}', 40)}" for place in range(2)]
    async with Collector() as collector:
        settings = settings_for(provider, tmp_path, **_tracing(collector))
        provider.script = Script(
            (
                third,
                *(
                    Rule(Reply(text=scene), structured=False, nth=place)
                    for place, scene in enumerate(scenes, 1)
                ),
            )
        )
        async with serve(settings) as service:
            story = {"theme": "the moon", "reader": {"name": "Maya", "age": 7}, "custom_user_input": wish}
            run_id = await service.client.start(input=story, keep_length=False)
            await service.client.read(run_id)
        provider.script = Script()
        async with serve(settings) as service:  # as another process would
            await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
            told = await service.client.read(run_id)
        steps = _steps(collector)

    assert told.ending is not None
    assert told.ending["type"] == "complete"
    roots = sorted((s for s in steps.values() if not s.get("parent_run_id")), key=lambda s: s["start_time"])
    assert [root["extra"]["metadata"]["attempt"] for root in roots] == [1, 2]
    assert len({root["trace_id"] for root in roots}) == 2  # a trace an attempt; LangSmith's threads join them
    assert roots[0]["error"]
    assert not roots[1].get("error")
    for step in steps.values():
        metadata = step["extra"]["metadata"]
        assert (metadata["run_id"], metadata["thread_id"], metadata["format"]) == (run_id, run_id, "story")
        assert {"storywire", "format:story", f"attempt:{metadata['attempt']}"} <= set(step["tags"])
        assert step["session_name"] == "tales"
        assert step["end_time"]
    calls = [step for step in steps.values() if step["run_type"] == "llm"]
    sections = [call["extra"]["metadata"].get("section") for call in calls]
    assert sections.count(2) == 2  # the third section was begun twice
    assert {0, 1, 2, 3, None} == set(sections)
    written = next(call for call in calls if call["extra"]["metadata"].get("section") == 0)
    assert "section:0" in written["tags"]
    assert "saw the moon" in json.dumps(written["outputs"])

    sent = b"".join(posted.body for posted in collector.posted)
    assert b"Maya" not in sent
    assert b"Biscuit" not in sent
    assert b"[hidden]" in sent
    assert b"sk-test" not in sent
    assert KEY.encode() not in sent


async def test_trace_with_mask_all_holds_no_text_at_all(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script = Script((Rule(Reply(text="A quokka hums. ", words=30), structured=False),))
    async with Collector() as collector:
        async with serve(
            settings_for(provider, tmp_path, **_tracing(collector, trace_mask="all"))
        ) as service:
            told = await service.client.read(await service.client.start(keep_length=False))
        steps = _steps(collector)
    assert told.ending is not None
    sent = b"".join(posted.body for posted in collector.posted)
    assert b"quokka" not in sent
    assert b"lighthouse" not in sent
    assert {step["name"] for step in steps.values()} >= {"story", "outline", "generate_content"}
    assert any(step["extra"]["metadata"].get("usage_metadata") for step in steps.values())


@pytest.mark.parametrize("mood", ["hang", "refuse"])
async def test_stream_goes_on_and_the_service_stops_when_langsmith_does_not_answer(
    mood: Mood, provider: FakeProvider, tmp_path: Path
) -> None:
    # Some calls are held: the reader must have their first words while LangSmith holds the trace of the first step.
    held = Rule(Reply(text="The moon was up. ", words=60, hold_after=20), structured=False, nth=1)
    provider.script = Script((held,))
    async with Collector(mood) as collector:
        async with serve(settings_for(provider, tmp_path, **_tracing(collector))) as service:
            run_id = await service.client.start(keep_length=False)
            frames = service.client.frames(run_id)
            await collector.wait_until(lambda: bool(collector.posted))
            async for frame in frames:
                if isinstance(frame.message, TextAppended) and frame.message.chunk:
                    break
            await frames.aclose()
            provider.release()
            told = await service.client.read(run_id)
            assert told.ending is not None
            assert told.ending["type"] == "complete"
            assert told.text == told.ending["story_content"]
            if mood == "hang":
                assert collector.answered == 0
        # Leaving waits a moment for the last traces, not for LangSmith: here it still hangs.
        if mood == "hang":
            assert collector.answered == 0
