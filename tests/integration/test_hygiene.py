"""No markup, script or control character in anything that a reader is told, whichever answer of a model it came in."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.podcasts import EPISODE, MARK, PIECES, first_reply, pack, pieces_reply, source
from tests.service import STORY, LiveService, serve, settings_for
from workflows.formats.registry import list_formats
from workflows.messages.messages import encode

DIRT = "<script>alert(1)</script><b onclick=x()>\x1b[31m\x07\u202e"
UNWANTED = re.compile(r"<\s*/?\s*(?:script|b)\b|alert\(1\)|\\u00(?:0[0-8b-f]|1[0-9a-f])|[\u202e\x07\x1b]")


def dirty(text: str) -> str:
    return f"{DIRT}{text}</b>"


STORY_PLAN: dict[str, Any] = {
    "title": dirty("The lamp"),
    "scenes": [{"title": dirty(f"Scene {n}"), "summary": dirty("It glows.")} for n in range(1, 4)],
    "educational_elements": [dirty("light")],
    "vocabulary_words": [{"word": dirty("glow"), "definition": dirty("to shine")}],
}
CHOICES = {
    "question": dirty("Where does Maya go?"),
    "choices": [{"text": dirty("Up"), "description": dirty("The stairs")}] * 2,
}
VERDICT = {
    "approved": True,
    "issues": [
        {
            "category": dirty("fright"),
            "severity": "low",
            "section": 1,
            "quote": dirty("dark"),
            "advice": dirty("Be kind."),
        }
    ],
    "age_fit": 0.9,
    "cultural_sensitivity": 0.9,
    "educational_value": 0.9,
}
REFUSAL = {**VERDICT, "approved": False}
PROSE = Rule(Reply(text=dirty("One day she sat by the sea.")), structured=False)
JUDGE = (Rule(Reply(json=REFUSAL), contains="You are a careful editor", times=1),)
LESSON = {"title": dirty("A test"), "parts": [{"title": dirty("First"), "summary": dirty("How it goes.")}]}
EPISODE_PLAN = {"summaries": [dirty(f"It tells part {n}.") for n in range(10)]}


def rules(format: str) -> tuple[Rule, ...]:
    """What the model answers to each of the format's calls."""
    if format == "story":
        plan = Rule(Reply(json=STORY_PLAN), structured=True, nth=1, times=1)
        verdict = Rule(Reply(json=VERDICT), contains="You are a careful editor")
        return (*JUDGE, verdict, plan, Rule(Reply(json=CHOICES), structured=True), PROSE)
    if format == "education_audio":
        return (*JUDGE, Rule(Reply(json=LESSON), structured=True, nth=1, times=1), PROSE)
    if format == "podcast":
        facts = {**pack(), "key_facts": [dirty("Trains run.")]}
        first = first_reply(canonical_pack=facts, sources=[{**source(1), "title": dirty("News")}])
        return (
            Rule(Reply(text=first, cites=((dirty("Rails"), "https://rails.example.org"),)), contains=MARK),
            Rule(Reply(text=pieces_reply()), contains=PIECES),
            Rule(Reply(json=EPISODE_PLAN), structured=True, nth=1, times=1),
            *JUDGE,
            Rule(Reply(text=dirty("Ada: We ride.\nBen: We do.")), structured=False),
        )
    return (*JUDGE, PROSE)


INPUTS: dict[str, dict[str, Any]] = {
    "story": STORY,
    "podcast": {
        **EPISODE,
        "outline": "model",
        "topic": {**EPISODE["topic"], "title": f"{EPISODE['topic']['title']} <b>now</b>"},
    },
    "discovery_report": {
        **list_formats()["discovery_report"].example,
        "sub_interest_area": "Adults <b>only</b>",
        "search": "auto",
    },
    "creator_script": {**list_formats()["creator_script"].example, "topic": "Leaves <b>in autumn</b>"},
    "education_audio": dict(list_formats()["education_audio"].example),
}


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    async with serve(settings_for(provider, tmp_path)) as live:
        yield live


@pytest.mark.parametrize("format", sorted(INPUTS))
async def test_nothing_that_readers_are_told_holds_markup_or_control_characters(
    service: LiveService, provider: FakeProvider, format: str
) -> None:
    provider.script = Script(rules=rules(format))
    body = {"format": format, "input": INPUTS[format], "options": {"keep_length": False}}
    started = await service.client.http.post("/api/v1/runs", json=body)
    assert started.status_code == 201, started.text
    run_id = started.json()["run_id"]
    messages = [frame.message async for frame in service.client.frames(run_id)]
    run = await service.client.run(run_id)

    assert messages[-1].type == "complete", messages[-1]
    for message in messages:
        told = encode(message)
        assert (found := UNWANTED.search(told.decode())) is None, told[
            max(0, found.start() - 200) : found.end()
        ]
    del run["input"]  # what was asked for is kept as it was typed
    assert not UNWANTED.search(repr(run)), run
