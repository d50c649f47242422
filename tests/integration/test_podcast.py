"""An episode over HTTP: its calls, its facts, its pieces, its lengths, and what happens when something breaks."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from tests.architecture.tree import ROOT
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule
from tests.podcasts import (
    CALLS,
    EPISODE,
    MARK,
    PIECES,
    SECTIONS,
    first_reply,
    pack,
    pieces_reply,
    script,
    source,
    talk,
)
from tests.service import Frame, LiveService, serve, settings_for
from workflows.formats.podcast.input import PodcastInput
from workflows.formats.podcast.plan import plan_pieces
from workflows.messages.messages import FactsGathered, NodeChanged, RunFailed, TextAppended, TextRetracted
from workflows.text.words import count_words

CHEAPER = "openai:gpt-test-small"
PLAIN = {**EPISODE, "search": "off"}
LONGER = {**EPISODE, "target_words": 6000}


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    settings = settings_for(
        provider,
        tmp_path,
        judge="off",
        derived_model=CHEAPER,
        GOOGLE_API_KEY="test-key",
        GOOGLE_GEMINI_BASE_URL=provider.gemini_url,
    )
    async with serve(settings) as live:
        yield live


async def start(service: LiveService, inputs: dict[str, Any] = PLAIN, **options: Any) -> str:
    reply = await service.client.http.post(
        "/api/v1/runs", json={"format": "podcast", "input": inputs, "options": options}
    )
    assert reply.status_code == 201, reply.text
    return str(reply.json()["run_id"])


async def read(service: LiveService, run_id: str, after: int = 0) -> list[Frame]:
    return [frame async for frame in service.client.frames(run_id, after)]


def texts(frames: list[Frame]) -> tuple[dict[int, str], dict[str, str]]:
    """The reader's rule: sections and pieces."""
    sections: dict[int, str] = {}
    pieces: dict[str, str] = {}
    for frame in frames:
        match frame.message:
            case TextAppended() as data if data.piece is None:
                sections[data.section] = sections.get(data.section, "") + data.chunk
            case TextAppended() as data:
                pieces[str(data.piece)] = pieces.get(str(data.piece), "") + data.chunk
            case TextRetracted() as data if data.piece is None:
                sections.pop(data.section, None)
            case TextRetracted() as data:
                pieces.pop(str(data.piece), None)
            case _:
                pass
    return sections, pieces


def ending(frames: list[Frame]) -> dict[str, Any]:
    assert frames[-1].message.type == "complete", frames[-1].message
    return frames[-1].message.model_dump()


async def test_episode_is_ten_sections_and_its_short_forms_for_eleven_calls(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = script()
    run_id = await start(service)
    frames = await read(service, run_id)
    done = ending(frames)
    sections, pieces = texts(frames)
    run = await service.client.run(run_id)

    assert len(provider.generations) == CALLS == done["metadata"]["model_calls"]
    # The short forms are one call to the cheaper model, which is given the pack and the episode.
    models = [call.body["model"] for call in provider.generations]
    assert models == ["gpt-test"] * SECTIONS + [CHEAPER.removeprefix("openai:")]
    assert "Player 3" in provider.generations[-1].prompt_text
    assert sections[4][:200] in provider.generations[-1].prompt_text

    assert len(sections) == SECTIONS
    text = "\n\n".join(sections[index] for index in sorted(sections))
    assert done["story_content"] == text
    assert done["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert MARK not in text and "canonical_pack" not in text and "===" not in text + "".join(pieces.values())
    assert all(line.startswith(("Ada: ", "Ben: ")) for line in text.split("\n\n"))

    assert {piece["name"]: piece["text"] for piece in done["pieces"]} == pieces
    assert list(pieces) == ["M1", "M2", *(f"S{n}" for n in range(1, 5)), *(f"R{n}" for n in range(1, 9))]
    for piece in done["pieces"]:
        assert piece["sha256"] == hashlib.sha256(piece["text"].encode()).hexdigest()
        assert piece["words"] == count_words(piece["text"]) == pytest.approx(piece["target_words"], rel=0.05)
    assert [piece["name"] for piece in run["pieces"]] == list(pieces)
    assert run["text"] == text

    metadata = done["metadata"]
    assert metadata["canonical_pack_words"] > 1000
    assert set(metadata["words_by_host"]) == {"Ada", "Ben"}
    assert metadata["long_turns"] == 0 and metadata["turns"] > 30
    assert 0 <= metadata["repetition"] < 0.2


async def test_episode_has_its_hosts_turns_however_the_model_writes_them(
    service: LiveService, provider: FakeProvider
) -> None:
    odd = (
        "Sure! Here's the section:\n\n**Ada (laughing):** Welcome back [1]. **Ben:** It left <laughs> at last?\n"
        "### Ada\n5 * 3 is *fifteen*, see https://x.org/a.\n\nHost 2 – C# it is.\n\nSources:\n[1]: https://x.org/a"
    )
    turns = [
        *("Ada: Welcome back.", "Ben: It left at last?", "Ada: 5 * 3 is fifteen, see.", "Ben: C# it is."),
    ]
    provider.script = script(Rule(Reply(text=odd, tokens_per_chunk=1), contains='"Why It Matters"'))
    run_id = await start(service, {**PLAIN, "pieces": False}, keep_length=False)
    done = ending(await read(service, run_id))
    assert "\n\n".join(turns) in done["story_content"]
    exported = await service.client.http.get(f"/api/v1/runs/{run_id}/export", params={"as": "segments"})
    spoken = [f"{part['speaker']}: {part['text']}" for part in exported.json()]
    assert turns == spoken[spoken.index(turns[0]) :][: len(turns)]


async def test_episode_without_a_searching_model_says_so_and_names_no_source_that_it_was_not_given(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = script()
    given = {**PLAIN, "pieces": False, "reference_text": f"See {source(3)['url']} for more."}
    frames = await read(service, await start(service, given))
    said = [frame.message.message for frame in frames if isinstance(frame.message, NodeChanged)]
    assert any(message and "No web search" in message for message in said)
    (facts,) = [frame.message for frame in frames if isinstance(frame.message, FactsGathered)]
    assert [found["url"] for found in facts.sources] == [source(3)["url"]]
    assert facts.canonical_pack == pack()
    assert len(provider.generations) == CALLS - 1
    assert ending(frames)["pieces"] == []


@pytest.mark.parametrize(
    ("model", "api"), [("openai:gpt-test", "responses"), ("google_genai:gemini-test", "gemini")]
)
async def test_only_the_first_section_searches_and_its_sources_are_told(
    service: LiveService, provider: FakeProvider, model: str, api: str
) -> None:
    provider.script = script()
    run_id = await start(service, {**EPISODE, "pieces": False}, model=model, parallel=4)
    frames = await read(service, run_id)
    ending(frames)
    searching = [call for call in provider.generations if "tools" in call.body]
    assert [call.api for call in searching] == [api]
    assert searching[0] is provider.generations[0]
    (tool,) = searching[0].body["tools"]
    assert tool.get("type") == "web_search" or "googleSearch" in tool
    (facts,) = [frame.message for frame in frames if isinstance(frame.message, FactsGathered)]
    urls = [found["url"] for found in facts.sources]
    assert urls[0] == source(1)["url"] and len(urls) == 8 + 9  # the model's own, and what the search cited
    assert (await service.client.run(run_id))["facts"]["canonical_pack"] == pack()
    for call in provider.generations[1:]:
        assert "Player 3" in call.prompt_text  # every later section has the pack


async def test_sections_in_parallel_wait_for_the_facts(service: LiveService, provider: FakeProvider) -> None:
    held = Rule(Reply(text=first_reply(), hold_after=5), contains=MARK)
    provider.script = script(held)
    run_id = await start(service, parallel=8)
    (call,) = await provider.wait_for_held()
    assert len(provider.generations) == 1
    provider.release(call)
    ending(await read(service, run_id))
    assert len(provider.generations) == CALLS


async def test_facts_that_are_not_as_asked_for_end_the_run_and_it_can_go_on(
    service: LiveService, provider: FakeProvider
) -> None:
    bad = first_reply().replace('"sources":', "and the sources are")
    provider.script = script(Rule(Reply(text=bad), contains=MARK, times=1))
    run_id = await start(service)
    failed = (await read(service, run_id))[-1].message
    assert isinstance(failed, RunFailed) and failed.code == "MODEL_BAD_OUTPUT" and failed.resumable
    assert "no JSON" in failed.message
    await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    done = ending(await read(service, run_id))
    assert len(provider.generations) == CALLS + 1 == done["metadata"]["model_calls"]


async def test_a_piece_that_is_missing_ends_the_run_and_only_the_pieces_are_bought_again(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = script(Rule(Reply(text=pieces_reply(without="S3")), contains=PIECES, times=1))
    run_id = await start(service)
    frames = await read(service, run_id)
    failed = frames[-1].message
    assert isinstance(failed, RunFailed) and failed.code == "MODEL_BAD_OUTPUT" and "S3" in failed.message
    await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    again = await read(service, run_id, after=frames[-1].seq)
    done = ending(again)
    _, pieces = texts([*frames[:-1], *again])
    assert {piece["name"]: piece["text"] for piece in done["pieces"]} == pieces
    assert len(provider.generations) == CALLS + 1


async def test_a_run_that_broke_goes_on_without_a_second_call_for_what_it_has(
    service: LiveService, provider: FakeProvider
) -> None:
    broken = Rule(Reply(fault=Fault("drop", after=9, times=1)), contains='"Why It Matters"')
    provider.script = script(broken)
    run_id = await start(service)
    failed = (await read(service, run_id))[-1].message
    assert isinstance(failed, RunFailed) and failed.resumable
    bought = len(provider.generations)
    await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    ending(await read(service, run_id))
    assert len(provider.generations) == CALLS + 1
    assert all(MARK not in call.prompt_text for call in provider.generations[bought:])


@pytest.mark.parametrize("scale", [0.6, 1.0, pytest.param(1.4, marks=pytest.mark.soak), 1.8])
async def test_short_forms_are_within_ten_percent_and_end_as_they_were_meant_to_for_one_call_more(
    service: LiveService, provider: FakeProvider, scale: float
) -> None:
    planned = plan_pieces(PodcastInput.model_validate(LONGER))
    end = "Ben: And that is how {name} ends."
    written = [
        f"=== {piece['name']} ===\n{talk(piece['name'], round(piece['target_words'] * scale) - 8)}\n"
        f"{end.format(name=piece['name'])}"
        for piece in planned
    ]
    rest = 0.35 if scale < 1 else 0.05
    landed = [
        f"=== {piece['name']} ===\n{talk('land', max(12, round(piece['target_words'] * rest)))}\n"
        f"{end.format(name=piece['name'])}"
        for piece in planned
    ]
    provider.script = script(
        Rule(Reply(text="\n".join(landed)), contains="stop before their end"),
        Rule(Reply(text="\n".join(written)), contains=PIECES),
        inputs=LONGER,
    )
    done = ending(await read(service, await start(service, LONGER)))
    assert len(provider.generations) == CALLS + (scale != 1.0)
    for piece in done["pieces"]:
        assert piece["text"].endswith(f"And that is how {piece['name']} ends."), piece["name"]
        words, target = count_words(piece["text"]), piece["target_words"]
        assert words <= target + max(8, 0.1 * target), piece["name"]
        assert words >= 0.9 * target or piece["name"][0] == "R", piece["name"]


@pytest.mark.parametrize("scale", [0.7, 1.3])
async def test_episode_is_within_three_percent_and_its_sections_within_ten_after_at_most_one_correction(
    service: LiveService, provider: FakeProvider, scale: float
) -> None:
    given = {**PLAIN, "target_words": 10_000, "pieces": False}
    provider.script = replace(script(inputs=given, scale=scale), default=Reply(tokens_per_chunk=50))
    done = ending(await read(service, await start(service, given)))
    for length in done["metadata"]["lengths"]:
        assert abs(length["deviation"]) <= 0.1, length
        assert len(length["corrections"]) <= 1, length
    assert abs(done["metadata"]["deviation"]) <= 0.03
    corrected = sum(len(length["corrections"]) for length in done["metadata"]["lengths"])
    assert len(provider.generations) == CALLS - 1 + corrected
    assert corrected <= 2


async def test_rumors_that_are_not_allowed_reach_no_prompt_and_sources_keep_their_facts(
    service: LiveService, provider: FakeProvider
) -> None:
    rumor = {"rumor": "The minister resigns", "who_says": "a blog", "against": "", "status": "open"}
    told = pack(rumors=[rumor], numbers=[{"number": "40", "what": "percent of riders", "sources": [1, 2]}])
    bad = {**source(1), "title": "Kill yourself"}
    reply = first_reply(canonical_pack=told, sources=[bad, source(2)])
    provider.script = script(Rule(Reply(text=reply), contains=MARK))
    topic = {**EPISODE["topic"], "rumors_allowed": False}
    given = {**PLAIN, "topic": topic, "reference_text": f"{bad['url']} {source(2)['url']}"}
    frames = await read(service, await start(service, given))
    ending(frames)
    assert not any("minister resigns" in call.prompt_text for call in provider.generations)
    assert "Leave rumors out altogether." in provider.generations[-1].prompt_text
    (facts,) = [frame.message for frame in frames if isinstance(frame.message, FactsGathered)]
    # What isn't fit for readers is left out, and a number isn't another source's for that.
    assert facts.sources == [source(2)]
    assert [number["sources"] for number in facts.canonical_pack["numbers"]] == [[1]]


async def test_turns_that_become_lectures_later_are_broken_up_in_sections_and_short_forms(
    service: LiveService, provider: FakeProvider
) -> None:
    planned = plan_pieces(PodcastInput.model_validate(PLAIN))
    short = "\n".join(
        f"=== {piece['name']} ===\n{lecture('Ada', piece['name'], piece['target_words'] - 3)}\nBen: I see."
        for piece in planned
    )
    provider.script = script(
        Rule(
            Reply(text=f"{lecture('Ben', 'a', 60)}\n{lecture('Ada', 'b', 100)}"),
            contains="Write the section again",
        ),
        Rule(Reply(text=f"{lecture('Ada', 'c', 100)}\nBen: I see."), contains="Go on from there"),
        Rule(Reply(text=lecture("Ada", "d", 280)), contains='Write section 3, "Why It Matters"'),
        Rule(Reply(text=short), contains=PIECES),
    )
    metadata = ending(await read(service, await start(service)))["metadata"]
    assert metadata["long_turns"] == 0
    assert not [one for one in metadata["compliance"]["findings"] if one["rule"] == "long_turns"]
    again = next(call for call in provider.generations if "Write the section again" in call.prompt_text)
    assert "Player 3" in again.prompt_text and "Today is" in again.prompt_text
    rumors = next(call for call in provider.generations if '"Rumor Watch", in about' in call.prompt_text)
    assert "none is made up" in rumors.prompt_text


def lecture(host: str, seed: str, words: int) -> str:
    """One turn of so many words, its name among them."""
    return f"{host}: {' '.join(write_prose(seed, words - 1).split())}"


async def test_plan_made_by_the_model_is_one_call_more(service: LiveService, provider: FakeProvider) -> None:
    plan = {"summaries": [f"It tells part {n}." for n in range(SECTIONS)]}
    provider.script = script(Rule(Reply(json=plan), structured=True))
    done = ending(await read(service, await start(service, {**PLAIN, "outline": "model"})))
    assert len(provider.generations) == CALLS + 1 == done["metadata"]["model_calls"]
    assert "It tells part 4." in provider.generations[5].prompt_text


async def test_command_writes_the_episode_on_a_service_too_and_says_why_a_folder_is_written_here(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = script()
    command = ["generate", "podcast", "--topic", "night-trains", "--topics", str(ROOT / "topics")]
    there = [*command, "--words", "2000", "--no-search", "--no-pieces", "--server", service.client.base_url]
    done = await asyncio.to_thread(CliRunner().invoke, app, there)
    assert done.exit_code == 0, done.output
    [run] = (await service.client.http.get("/api/v1/runs")).json()["runs"]
    assert (await service.client.run(run["run_id"]))["text"] in done.stdout

    refused = await asyncio.to_thread(CliRunner().invoke, app, [*there, "--out", "episode"])
    assert refused.exit_code == 2 and "Give --out or --server" in refused.output


async def test_built_in_model_is_refused_before_anything_is_stored(service: LiveService) -> None:
    reply = await service.client.http.post(
        "/api/v1/runs",
        json={
            "format": "podcast",
            "input": EPISODE,
            "options": {"model": "embedded:smollm2-135m-instruct"},
        },
    )
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["field"] == "options.model"
    assert (await service.client.http.get("/api/v1/runs")).json()["runs"] == []
