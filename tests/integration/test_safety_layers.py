"""The layers behind the local rules, over HTTP: what fails closed, and where an operator's own thresholds lie."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider, refuse_port
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.models import open_model
from tests.service import LiveService, Told, serve, settings_for
from workflows.messages.messages import ProgressReported, SafetyChecked, TextAppended, TextRetracted
from workflows.safety.pipeline import SafetyPipeline
from workflows.safety.policies.registry import PolicyRegistry
from workflows.state import Section
from workflows.verdicts import Verdict

GATES = ("sentence", "section")
ODD = "A calm day began. A zorbl came by. Then all was quiet."
MILD = "A calm day began. A friend came by. Then all was quiet."
NOTES = "The editor's notes"
JUDGED = "You are a careful editor"
PLAN = '<passage number="5" kind="plan">'
APPROVAL: dict[str, Any] = {
    "approved": True,
    "issues": [],
    "age_fit": 0.9,
    "cultural_sensitivity": 0.9,
    "educational_value": 0.9,
}


def policies(tmp_path: Path, text: str) -> Path:
    """A folder with one policy in place of ours for children."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "child.toml").write_text(f'extends = "child"\n{text}', encoding="utf-8")
    return folder


@asynccontextmanager
async def gated(provider: FakeProvider, tmp_path: Path, gate: str, **more: Any) -> AsyncIterator[LiveService]:
    """A service with such a gate."""
    folder = policies(tmp_path, f'gate = "{gate}"\n')
    settings = settings_for(provider, tmp_path / "data", policy_dir=folder, revisions=0, **more)
    async with serve(settings) as service:
        yield service


async def resume(service: LiveService, run_id: str, told: Told) -> Told:
    reply = await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    assert reply.status_code == 202, reply.text
    told.ending = None
    return await service.client.read(run_id, told)


async def approvals(service: LiveService, run_id: str) -> list[str]:
    """The stages at which the stored verdicts approved the text."""
    run = await service.client.run(run_id)
    return [verdict["stage"] for verdict in run["safety"] if verdict["approved"]]


# What gives no answer.


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(fault=Fault("status", status=500)), "MODEL_UNAVAILABLE"),
        (Reply(fault=Fault("hang")), "MODEL_TIMEOUT"),
        (Reply(fault=Fault("drop")), "MODEL_UNAVAILABLE"),
        (Reply(fault=Fault("close", after=0)), "MODEL_UNAVAILABLE"),
        (Reply(json={"id": "x", "model": "m", "results": []}), "MODEL_BAD_OUTPUT"),
    ],
    ids=["500", "hang", "drop", "close", "no results"],
)
async def test_moderation_that_gives_no_answer_is_no_approval_and_finds_fault_when_the_run_goes_on(
    provider: FakeProvider, tmp_path: Path, reply: Reply, code: str, gate: str
) -> None:
    provider.script = Script(
        rules=(
            Rule(reply, api="moderations", times=1),
            Rule(Reply(text=MILD), structured=False, contains=NOTES),
            Rule(Reply(text=ODD), structured=False),
        ),
        flagged={"zorbl": "violence"},
    )
    patience = {"answer_timeout": 3} if code == "MODEL_TIMEOUT" else {}
    async with gated(provider, tmp_path, gate, moderation="openai", judge="off", **patience) as service:
        run_id = await service.client.start(keep_length=False)
        told = await service.client.read(run_id)
        assert told.ending is not None
        assert (told.ending["code"], told.ending["resumable"]) == (code, True)
        assert await approvals(service, run_id) == ["input"]
        # The local rules pass it. So readers of the gate by section see nothing, the others no end.
        assert ("zorbl" in told.text) == (gate == "sentence")
        asked = [call.api for call in provider.calls].count("moderations")
        await resume(service, run_id, told)

    assert asked == 1  # no second try in silence
    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.sections == dict.fromkeys(range(4), MILD)
    assert told.text == told.ending["story_content"]
    assert told.ending["metadata"]["safety"]["rewrites"] == 1


@pytest.mark.parametrize("gate", GATES)
async def test_judge_that_refuses_connections_is_no_approval_and_judges_when_it_is_back(
    provider: FakeProvider, tmp_path: Path, gate: str
) -> None:
    provider.script = Script(rules=(Rule(Reply(text=MILD), structured=False),))
    with refuse_port() as port:
        judge = {
            "judge_model": "openai_compatible:judge",
            "compatible_base_url": f"http://127.0.0.1:{port}/v1",
        }
        async with gated(provider, tmp_path, gate, **judge) as service:
            run_id = await service.client.start(keep_length=False)
            told = await service.client.read(run_id)
            assert told.ending is not None
            assert (told.ending["code"], told.ending["resumable"]) == ("MODEL_UNAVAILABLE", True)
            assert await approvals(service, run_id) == ["input"]
            assert bool(told.text) == (gate == "sentence")
            async with FakeProvider(Script(default=Reply(json=APPROVAL)), port=port) as back:
                await resume(service, run_id, told)
                judged = len(back.generations)

    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.text == told.ending["story_content"]
    assert (
        judged == {"sentence": 1, "section": 6}[gate]
    )  # the whole; with the gate by section each of four, and the choices too


# Thresholds of an operator's own.


async def verdict_on(provider: FakeProvider, tmp_path: Path, rules: str, *, layer: str) -> Verdict:
    """What one layer says of a section, by a policy file with these lines."""
    policy = PolicyRegistry(policies(tmp_path, rules)).find("child", 7)
    async with open_model(provider.root_url, "chat") as model:
        layers = SafetyPipeline(moderator=model) if layer == "moderation" else SafetyPipeline(judge=model)
        return await layers.check(policy, {0: Section(index=0, text=ODD)}, "final")


LEAST = "[judge.least]\nage_fit = 0.62\n"
GRAVE = '[judge]\nblocks = "high"\n'


@pytest.mark.parametrize(
    ("rules", "answer", "found"),
    [
        (LEAST, {"age_fit": 0.61}, ["age_fit"]),
        (LEAST, {"age_fit": 0.62}, []),
        # What the file leaves out stays as it is in ours.
        (LEAST, {"cultural_sensitivity": 0.49}, ["cultural_sensitivity"]),
        (LEAST, {"cultural_sensitivity": 0.5}, []),
        (GRAVE, {"age_fit": 0.49}, ["age_fit"]),
        (GRAVE, {"issues": "medium"}, []),
        (GRAVE, {"issues": "high"}, ["fright"]),
        ("", {"issues": "low"}, []),
        ("", {"issues": "medium"}, ["fright"]),
        ('[judge]\nblocks = "low"\n', {"issues": "low"}, ["fright"]),
    ],
)
async def test_judge_stops_a_text_from_the_score_and_the_severity_on_that_a_policy_file_says(
    provider: FakeProvider, tmp_path: Path, rules: str, answer: dict[str, Any], found: list[str]
) -> None:
    if "issues" in answer:
        issue = {"category": "fright", "section": 1, "quote": "calm", "advice": "Be kinder."}
        answer = {"issues": [{**issue, "severity": answer["issues"]}]}
    provider.script = Script(default=Reply(json={**APPROVAL, **answer}))
    verdict = await verdict_on(provider, tmp_path, rules, layer="judge")

    assert [issue["category"] for issue in verdict["issues"]] == found
    assert verdict["approved"] == (not found)


ALL = "[moderation]\nthreshold = 0.41\n"
ONE = "[moderation.categories]\nviolence = 0.72\n"


@pytest.mark.parametrize(
    ("rules", "score", "category", "stopped"),
    [
        (ALL, 0.4099, "violence", False),
        (ALL, 0.41, "violence", True),
        (ONE, 0.7199, "violence", False),
        (ONE, 0.72, "violence", True),
        # What the file leaves out stays as it is in ours.
        (ONE, 0.2999, "hate", False),
        (ONE, 0.3, "hate", True),
    ],
)
async def test_moderation_stops_a_text_from_the_score_on_that_a_policy_file_says(
    provider: FakeProvider, tmp_path: Path, rules: str, score: float, category: str, stopped: bool
) -> None:
    provider.script = Script(flagged={"zorbl": category}, flagged_score=score)
    verdict = await verdict_on(provider, tmp_path, rules, layer="moderation")

    assert [issue["category"] for issue in verdict["issues"]] == ([category] if stopped else [])
    assert verdict["approved"] == (not stopped)


@pytest.mark.parametrize(("score", "rewrites"), [(0.66, 0), (0.67, 1)])
async def test_threshold_of_a_policy_folder_decides_whether_a_story_is_rewritten(
    provider: FakeProvider, tmp_path: Path, score: float, rewrites: int
) -> None:
    folder = policies(tmp_path, "[moderation]\nthreshold = 0.67\n")
    provider.script = Script(
        rules=(
            Rule(Reply(text=ODD), structured=False, nth=1),
            Rule(Reply(text=MILD), structured=False, contains=NOTES),
        ),
        flagged={"zorbl": "violence"},
        flagged_score=score,
    )
    more = {"policy_dir": folder, "moderation": "openai", "judge": "off"}
    async with serve(settings_for(provider, tmp_path / "data", **more)) as service:
        told = await service.client.read(await service.client.start(keep_length=False))

    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.ending["metadata"]["safety"]["rewrites"] == rewrites
    assert told.sections[0] == (MILD if rewrites else ODD)


# Sentences, while they stream.


@pytest.mark.parametrize("parallel", [1, 4])
async def test_sentence_that_moderation_stops_is_never_content_and_its_section_is_rewritten(
    provider: FakeProvider, tmp_path: Path, parallel: int
) -> None:
    provider.script = Script(
        rules=(
            Rule(Reply(text=MILD), api="chat", structured=False, contains=NOTES),
            Rule(Reply(text=ODD), api="chat", structured=False, nth=2, times=1),
            Rule(Reply(text=MILD), api="chat", structured=False),
        ),
        flagged={"zorbl": "violence"},
    )
    told, ever, stages = Told(), "", []
    more = {"moderation": "openai", "moderation_sentences": "show", "judge": "off"}
    async with serve(settings_for(provider, tmp_path, revisions=0, **more)) as service:
        run_id = await service.client.start(keep_length=False, parallel=parallel)
        async for frame in service.client.frames(run_id):
            told.take(frame)
            if isinstance(frame.message, TextAppended):
                ever += frame.message.chunk
            if isinstance(frame.message, SafetyChecked):
                stages.append((frame.message.stage, frame.message.approved))
        run = await service.client.run(run_id)

    assert "zorbl" not in ever
    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.sections == dict.fromkeys(range(4), MILD)
    assert told.text == told.ending["story_content"] == run["text"]
    refused = [("sentence", False)] if parallel == 1 else [("sentence", False), ("final", False)]
    assert stages == [("input", True), *refused, ("final", True)]
    measured = told.ending["metadata"]["gate"]["moderation"]
    assert (measured["sentences"], measured["unanswered"]) == (12, 0)
    assert 0 < measured["held_ms_mean"] <= measured["held_ms_max"]
    assert told.ending["metadata"]["safety"]["rewrites"] == 1


# The promise, over HTTP: several sections, in parallel, in every mode.

UNFIT = {
    "otter": "He drew a gun.",
    "heron": "She wanted to k i l l it.",
    "badger": "They drank v0dka all night.",
}


def unfit(name: str) -> str:
    """A section that begins well and doesn't go on so."""
    return f"The {name} set out. {UNFIT[name]} Then the {name} slept."


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("gate", ["open", *GATES])
async def test_what_was_judged_is_what_is_stored_and_shown_with_many_sections_in_every_mode(
    provider: FakeProvider, tmp_path: Path, gate: str, parallel: int
) -> None:
    provider.script = Script(
        rules=(
            Rule(Reply(text=MILD), structured=False, contains=NOTES),
            *(
                Rule(Reply(text=unfit(name), tokens_per_chunk=place), structured=False, nth=1, times=1)
                for place, name in enumerate(UNFIT, start=1)
            ),
        )
    )
    told, ever = Told(), defaultdict[int, str](str)
    async with gated(provider, tmp_path, gate) as service:
        run_id = await service.client.start(keep_length=False, parallel=parallel)
        async for frame in service.client.frames(run_id):
            told.take(frame)
            if isinstance(frame.message, TextAppended):
                ever[frame.message.section] += frame.message.chunk
            if isinstance(frame.message, TextRetracted):
                assert frame.message.reason == "safety"
        run = await service.client.run(run_id)
        again = await service.client.read(run_id)  # who comes late

    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.text == again.text == told.ending["story_content"] == run["text"]
    assert list(told.sections.values()).count(MILD) == len(UNFIT)
    for sentence in UNFIT.values():
        assert any(sentence in text for text in ever.values()) == (gate == "open")
        assert sentence not in told.text
    # The last verdict is on this very text, and approves it.
    judged = [
        call for call in provider.generations if JUDGED in call.prompt_text and PLAN in call.prompt_text
    ][-1]
    assert all(text in judged.prompt_text for text in told.sections.values())
    assert (run["safety"][-1]["stage"], run["safety"][-1]["approved"]) == ("final", True)


# While text is held, and when nothing helps.


@pytest.mark.parametrize("gate", GATES)
async def test_progress_goes_on_while_the_gate_holds_text(
    provider: FakeProvider, tmp_path: Path, gate: str
) -> None:
    # A sentence without an end, so far: no gate may let it through. ProgressReported is told once a second.
    endless = Reply(text="and the otter swam on", words=110, pace=60, hold_after=100)
    provider.script = Script(rules=(Rule(endless, structured=False, nth=1, times=1),))
    percents: list[int] = []
    async with gated(provider, tmp_path, gate) as service:
        run_id = await service.client.start(keep_length=False)
        async for frame in service.client.frames(run_id):
            assert not isinstance(frame.message, TextAppended), "told before it was checked"
            if isinstance(frame.message, ProgressReported):
                percents.append(frame.message.percent)
                if frame.message.words:
                    break
        await provider.wait_for_held()
        provider.release()
        told = await service.client.read(run_id)

    assert percents == sorted(percents) and percents[-1] > percents[0]
    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.ending["metadata"]["gate"]["mode"] == gate


@pytest.mark.parametrize("gate", ["open", *GATES])
async def test_section_that_no_rewrite_makes_fit_is_written_twice_more_withdrawn_and_the_run_rejected(
    provider: FakeProvider, tmp_path: Path, gate: str
) -> None:
    grim = "A wolf stood at the gate."
    issue = {"category": "fright", "severity": "high", "section": 2, "quote": grim, "advice": "Be kinder."}
    provider.script = Script(
        rules=(
            Rule(
                Reply(json={**APPROVAL, "approved": False, "issues": [issue]}),
                pattern=f"(?s){JUDGED}.*{grim}",
            ),
            Rule(Reply(text=grim), structured=False, contains=NOTES),
            Rule(Reply(text=grim), structured=False, nth=2, times=1),
        )
    )
    told, ever, retracted = Told(), "", []
    async with gated(provider, tmp_path, gate) as service:
        run_id = await service.client.start(keep_length=False)
        async for frame in service.client.frames(run_id):
            told.take(frame)
            if isinstance(frame.message, TextAppended):
                ever += frame.message.chunk
            if isinstance(frame.message, TextRetracted):
                retracted.append((frame.message.section, frame.message.reason))
        run = await service.client.run(run_id)

    assert told.ending is not None and told.ending["code"] == "SAFETY_REJECTED"
    assert sorted(told.sections) == [0, 2, 3] and grim not in run["text"]
    assert (grim in ever) == (gate != "section")
    rewrites = [call for call in provider.generations if NOTES in call.prompt_text]
    assert len(rewrites) == 2 and all(grim in call.prompt_text for call in rewrites)  # of that section alone
    assert retracted == [(1, "safety")] * 3
    finals = [verdict for verdict in run["safety"] if verdict["stage"] == "final"]
    # By the gate of whole sections it is written again before the next one begins.
    assert [verdict["approved"] for verdict in finals] == [False] * (1 if gate == "section" else 3)
    # What readers were never told isn't quoted to them.
    quote = None if gate == "section" else grim
    assert all(issue.get("quote") == quote for verdict in finals for issue in verdict["issues"])


# What readers see beside the sections.


async def test_judge_sees_the_plan_and_a_fault_of_it_has_no_section(
    provider: FakeProvider, tmp_path: Path
) -> None:
    issue = {"category": "hate", "severity": "high", "section": 2, "quote": "calm", "advice": "Other words."}
    provider.script = Script(default=Reply(json={**APPROVAL, "approved": False, "issues": [issue]}))
    policy = PolicyRegistry(policies(tmp_path, "")).find("child", 7)
    async with open_model(provider.root_url, "chat") as model:
        beside = {"plan": "A calm title\nOne: what happens"}
        verdict = await SafetyPipeline(judge=model).check(
            policy, {0: Section(index=0, text=ODD)}, "final", beside
        )
    assert '<passage number="2" kind="plan">' in provider.generations[0].prompt_text
    [found] = verdict["issues"]
    assert "section" not in found and found["advice"] == "plan: Other words."
    assert not verdict["approved"]


async def test_moderation_sees_what_a_format_makes_of_the_text(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(flagged={"zorbl": "violence"})
    policy = PolicyRegistry(policies(tmp_path, "")).find("child", 7)
    async with open_model(provider.root_url, "chat") as model:
        pipeline = SafetyPipeline(moderator=model)
        fit = await pipeline.check(policy, {}, "final", {"results": "Go left."})
        unfit = await pipeline.check(policy, {}, "final", {"results": "Follow the zorbl."})
        nothing = await pipeline.check(policy, {}, "final", {"results": ""})
    assert [verdict["approved"] for verdict in (fit, unfit, nothing)] == [True, False, True]
    assert [call.api for call in provider.calls].count("moderations") == 2
