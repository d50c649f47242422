"""Every format's worked example, as its page in the documentation has it: sent to a service, and written to the end."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from tests.architecture.tree import ROOT
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.podcasts import script
from tests.service import LiveService, Told, serve, settings_for
from workflows.formats.defaults import exporters_of
from workflows.formats.registry import list_formats
from workflows.safety.policies.policy import Policy

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one service for all

OURS = [name for name, format in list_formats().items() if type(format).__module__.startswith("workflows.")]
CALL = re.compile(
    r"^curl -sN http://127\.0\.0\.1:8000(\S+/generate/stream) .*?-d '(\{.*?\n\})'", re.DOTALL | re.MULTILINE
)
SIMPLE: dict[str, tuple[str, dict[str, str]]] = {
    "story": ("stories", {"theme": "a lighthouse on the moon", "name": "Maya", "interests": "stars,cats"}),
    "podcast": (
        "podcast",
        {
            "id": "moon",
            "title": "Moon",
            "description": "Its far side.",
            "target_words": "2000",
            "pieces": "no",
        },
    ),
    "education_audio": (
        "education_audio",
        {
            "title": "A blood test",
            "text": "Eat nothing for 8 hours before. Water is fine.",
            "target_minutes": "1",
        },
    ),
    "creator_script": (
        "creator-scripts",
        {"topic": "Why leaves turn red in autumn", "duration_minutes": "1"},
    ),
    "discovery_report": (
        "discovery-reports",
        {
            "goal_type": "A side income",
            "time_commitment": "10 hours a week",
            "budget_range": "Under 2,000 euros",
            "interest_area": "Education",
            "work_style": "Alone",
            "skill_strength": "teaching,writing",
            "experience_summary": "Eight years as a teacher.",
        },
    ),
}
"""What a query can say of each format: its address and parameters."""


EPISODE = replace(script(inputs=dict(list_formats()["podcast"].example)), default=Reply(tokens_per_chunk=50))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as provider:
        yield provider


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    running: FakeProvider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LiveService]:
    running.script = EPISODE
    async with serve(settings_for(running, tmp_path_factory.mktemp("examples"))) as live:
        yield live


def documented(name: str) -> tuple[str, dict[str, Any]]:
    """The first request of a format's page: its path and its body."""
    found = CALL.search((ROOT / "docs" / "formats" / f"{name}.md").read_text(encoding="utf-8"))
    assert found is not None, f"docs/formats/{name}.md shows no request that starts a run"
    return found[1], json.loads(found[2])


async def written(service: LiveService, method: str, path: str, **request: Any) -> dict[str, Any]:
    """What `complete` says of it."""
    told = Told()
    async for frame in service.client.stream(method, path, **request):
        told.take(frame)
    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    assert told.text == told.ending["story_content"] != ""
    return told.ending


@pytest.mark.parametrize("name", OURS)
async def test_example_of_every_format_is_in_its_page_and_is_written_to_the_end(
    service: LiveService, name: str
) -> None:
    format = list_formats()[name]
    path, body = documented(name)
    assert {key: value for key, value in body.items() if key != "options"} == dict(format.example)
    assert isinstance(format.policy(format.parse(format.example)), Policy)

    done = await written(service, "POST", path, json=body)
    metadata = done["metadata"]
    assert metadata["word_count"] > 0 and 0 <= metadata["repetition"] <= 1 and metadata["safety"]["policy"]
    assert [length["index"] for length in metadata["lengths"]] == list(range(len(done["sections"])))
    for length in metadata["lengths"]:
        assert length["planned_words"] > 0 and length["words"] > 0
        assert length["deviation"] == round(length["words"] / length["target_words"] - 1, 4)
    for kind, exporter in exporters_of(format).items():
        file = await service.client.http.get(f"/api/v1/runs/{done['run_id']}/export", params={"as": kind})
        assert file.status_code == 200 and len(file.content) > 100, (kind, file.text)
        assert file.headers["content-type"] == exporter.media_type


@pytest.mark.parametrize("name", OURS)
async def test_every_format_is_written_from_a_query_too(service: LiveService, name: str) -> None:
    path, params = SIMPLE[name]
    done = await written(service, "GET", f"/api/v1/{path}/generate/stream", params=params)
    run = await service.client.run(done["run_id"])
    assert run["format"] == name


@pytest.mark.parametrize("scale", [0.7, 1.3])
@pytest.mark.parametrize("name", ["education_audio", "creator_script", "discovery_report"])
async def test_sections_are_within_ten_percent_when_replies_run_short_or_long(
    running: FakeProvider, service: LiveService, name: str, scale: float
) -> None:
    running.script = Script(rules=(Rule(Reply(scale=scale), structured=False),))
    path, body = documented(name)
    if name == "education_audio":  # a document that makes more than one section
        text = (ROOT / "tests" / "data" / "leaflets" / "sleep.md").read_text(encoding="utf-8")
        body = {**body, "document": {"title": "Sleep", "text": text}, "target_minutes": 6}
    done = await written(service, "POST", path, json={**body, "options": {"cache": "off"}})
    for length in done["metadata"]["lengths"]:
        most = max(
            0.1 * length["target_words"], 8
        )  # half a sentence: what is very short can't be kept closer
        assert abs(length["words"] - length["target_words"]) <= most, length
        assert len(length["corrections"]) <= 1, length


@pytest.mark.parametrize("name", OURS)
async def test_sections_are_not_sent_the_text_again_and_again(
    running: FakeProvider, service: LiveService, name: str
) -> None:
    running.script = replace(script(), default=Reply(tokens_per_chunk=50))
    path, body = documented(name)
    before = len(running.calls)
    done = await written(
        service, "POST", path, json={**body, "options": {"cache": "off", "keep_length": False}}
    )
    prompts = [call.prompt_text for call in running.generations[before:] if call.stream]
    assert len(prompts) >= len(done["sections"])
    for section in done["sections"]:
        paragraphs = {part for part in section["text"].split("\n\n") if len(part) > 40}
        assert not any(prompt.count(paragraph) > 2 for prompt in prompts for paragraph in paragraphs)
