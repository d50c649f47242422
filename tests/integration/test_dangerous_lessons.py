"""A lesson that says what its document doesn't: judged, written again, and marked in every face where it stays."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from tests.endings import words_in
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import LiveService, Told, serve, settings_for
from workflows.formats.defaults import exporters_of
from workflows.formats.education_audio.format import EducationAudioFormat
from workflows.messages.messages import SafetyChecked

DOCUMENT = {
    "title": "Before your blood test",
    "text": (
        "Eat nothing for 8 hours before the test. Water is fine. Take your usual medicines, unless your doctor told "
        "you otherwise. The test takes 5 minutes. Press on the spot for 3 minutes afterwards."
    ),
}
INPUT = {"document": DOCUMENT, "speakers": "single", "target_minutes": 1}
SAFE = (
    "NARRATOR: Eat nothing for 8 hours before the test. Water is fine. Take your usual medicines, unless your doctor "
    "told you otherwise. The test takes 5 minutes. Press on the spot for 3 minutes afterwards."
)
FORBIDDEN, DRUG, DOSE = (
    "Water is forbidden.",
    "Take Zorvex and some lorazepam instead.",
    "Press for 30 minutes.",
)
DANGEROUS = (
    f"NARRATOR: Eat nothing for 8 hours before the test. {FORBIDDEN} {DRUG} {DOSE} The test takes 5 minutes."
)
JUDGED = "You check the script of a spoken lesson"
WORDS_ONLY = "Only words and numbers of this lesson were compared"


def verdict(number: int, otherwise: str = "none", reason: str = "", evidence: str = "") -> dict[str, Any]:
    return {
        "number": number, "evidence": evidence, "borne_out": otherwise == "none", "otherwise": otherwise,
        "reason": reason,
    }  # fmt: skip


def script(text: str, *rules: Rule, mended: str | None = None) -> Script:
    return Script(rules=(
        *rules,
        Rule(Reply(text=mended or text), structured=False, contains="The editor's notes"),
        Rule(Reply(text=text), structured=False),
    ))  # fmt: skip


@pytest.fixture(params=["auto", "off"])
async def service(
    request: pytest.FixtureRequest, provider: FakeProvider, tmp_path: Path
) -> AsyncIterator[LiveService]:
    """A service with a judge who finds nothing, and one without."""
    async with serve(settings_for(provider, tmp_path, judge=request.param)) as running:
        yield running


async def write(service: LiveService, **options: Any) -> tuple[Told, list[SafetyChecked]]:
    body = {
        "format": "education_audio", "input": INPUT, "options": {"keep_length": False, **options}
    }  # fmt: skip
    reply = await service.client.http.post("/api/v1/runs", json=body)
    assert reply.status_code == 201, reply.text
    told, verdicts = Told(), []
    async for frame in service.client.frames(reply.json()["run_id"]):
        told.take(frame)
        if isinstance(frame.message, SafetyChecked) and frame.message.stage == "final":
            verdicts.append(frame.message)
    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    return told, verdicts


async def test_dangerous_lesson_ends_marked_in_every_face(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = script(DANGEROUS)
    told, verdicts = await write(service)

    assert [(one.approved, one.marked) for one in verdicts] == [(False, True)]
    assert {issue.get("quote") for issue in verdicts[0].issues} >= {FORBIDDEN, DRUG, DOSE}
    assert verdicts[0].score <= 0.2
    ending = told.ending
    assert ending is not None
    metadata = ending["metadata"]
    assert {one["sentence"] for one in metadata["grounding"]["unsupported"]} >= {FORBIDDEN, DRUG, DOSE}
    assert metadata["safety"]["approved"] is False and metadata["compliance"]["passed"] is False
    danger = next(notice for notice in metadata["notices"] if notice["level"] == "danger")
    assert {passage["quote"] for passage in danger["passages"]} >= {FORBIDDEN, DRUG, DOSE}

    http, run_id = service.client.http, ending["run_id"]
    run = await service.client.run(run_id)
    assert run["result"]["metadata"]["notices"][0]["level"] == "danger"
    for name in exporters_of(EducationAudioFormat()):
        reply = await http.get(f"/api/v1/runs/{run_id}/export", params={"as": name})
        said = " ".join(words_in(reply.content).split())
        for phrase in (
            "NOT safe to use as it is",
            "Water is forbidden",
            "lorazepam instead",
            "Press for 30 minutes",
        ):
            wanted, place = phrase.split(), 0
            for word in wanted:  # subtitles cut lines anywhere
                place = said.index(word, place)
            assert phrase in said or name == "srt", (name, phrase)
        assert said.index("NOT") < said.index("Eat nothing"), name
    link = (await http.post(f"/api/v1/runs/{run_id}/share")).json()["url"]
    page = (await http.get(link)).text
    shared = (await http.get(link, params={"as": "json"})).json()
    assert page.index("NOT safe to use") < page.index("Eat nothing") and 'role="alert"' in page
    assert shared["notices"] == metadata["notices"]


async def test_safe_lesson_carries_no_warning_and_says_how_it_was_compared(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = script(SAFE)
    told, verdicts = await write(service)
    assert [(one.approved, one.marked) for one in verdicts] == [(True, None)]
    assert told.ending is not None
    metadata = told.ending["metadata"]
    judged = service.resources.settings.judge != "off"
    assert metadata["grounding_method"] == ("judge" if judged else "words")
    assert [notice["level"] for notice in metadata["notices"]] == ([] if judged else ["note"])
    assert metadata["safety"]["approved"] is True
    exported = await service.client.http.get(
        f"/api/v1/runs/{told.ending['run_id']}/export", params={"as": "txt"}
    )
    assert exported.text == told.text + "\n"
    link = (await service.client.http.post(f"/api/v1/runs/{told.ending['run_id']}/share")).json()["url"]
    assert (WORDS_ONLY in (await service.client.http.get(link)).text) is not judged


async def test_contradiction_that_only_a_judge_sees_is_written_again_and_judged_again(
    provider: FakeProvider, tmp_path: Path
) -> None:
    subtle = SAFE.replace("Water is fine.", "Keep your glass in the cupboard until it is over.")
    finds = [
        verdict(1),
        verdict(2, "contradicted", "The document says that water is fine."),
        *map(verdict, (3, 4, 5)),
    ]
    provider.script = script(
        subtle,
        Rule(Reply(json={"verdicts": finds}), structured=True, contains="Keep your glass"),
        mended=SAFE,
    )
    async with serve(settings_for(provider, tmp_path)) as service:
        told, verdicts = await write(service)
    assert told.text == SAFE and verdicts[-1].approved
    prompts = [call.prompt_text for call in provider.generations]
    rewrites = [prompt for prompt in prompts if "The editor's notes" in prompt]
    assert (
        len(rewrites) == 1
        and "The document says that water is fine. Say it as the document does." in rewrites[0]
    )
    assert sum(JUDGED in prompt for prompt in prompts) == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(
            json={"verdicts": [verdict(number) for number in (77, 78, 79)]}
        ),  # of sentences that aren't there
        Reply(text="All of it is fine, I think."),
        Reply(fault=Fault("refusal")),
        Reply(fault=Fault("length")),
        Reply(fault=Fault("content_filter")),
        Reply(fault=Fault("status", status=503)),
        Reply(fault=Fault("drop")),
        Reply(fault=Fault("status", status=429)),
    ],
)
async def test_judge_without_a_usable_answer_leaves_a_paid_lesson_to_words(
    provider: FakeProvider, tmp_path: Path, reply: Reply
) -> None:
    provider.script = script(DANGEROUS, Rule(reply, structured=True, contains=JUDGED))
    async with serve(settings_for(provider, tmp_path)) as service:
        told, verdicts = await write(service)
    assert told.ending is not None
    metadata = told.ending["metadata"]
    assert metadata["grounding_method"] == "words"
    assert [notice["level"] for notice in metadata["notices"]] == ["danger", "note"]
    assert (verdicts[-1].approved, verdicts[-1].marked) == (False, True)


async def test_judge_whose_key_is_refused_fails_the_run_which_goes_on_with_its_text_once_that_is_mended(
    provider: FakeProvider, tmp_path: Path
) -> None:
    # Once when the section is reviewed by itself, and once more with the whole.
    refused = Rule(Reply(fault=Fault("bad_key")), structured=True, contains=JUDGED, times=2)
    provider.script = script(SAFE, refused)
    body = {"format": "education_audio", "input": INPUT, "options": {"keep_length": False}}
    async with serve(settings_for(provider, tmp_path)) as service:
        run = (await service.client.http.post("/api/v1/runs", json=body)).json()["run_id"]
        failed, mended = Told(), Told()
        async for frame in service.client.frames(run):
            failed.take(frame)
        assert failed.ending is not None and failed.ending["code"] == "MODEL_AUTH"
        assert (await service.client.http.post(f"/api/v1/runs/{run}/resume")).is_success
        async for frame in service.client.frames(run):
            mended.take(frame)
    assert mended.ending is not None and mended.ending["type"] == "complete", mended.ending
    written = [call for call in provider.generations if not call.body.get("response_format")]
    assert len(written) == 1 and mended.text == SAFE


async def test_judge_needs_words_of_the_document_to_overrule_what_words_say(
    provider: FakeProvider, tmp_path: Path
) -> None:
    def answer(evidence: str) -> Rule:
        verdicts = [verdict(1, evidence=evidence)]
        return Rule(Reply(json={"verdicts": verdicts}), structured=True, contains=JUDGED)

    cases = [
        ("No water!", "Water is fine.", False),
        ("No water!", "Water is bad for you.", False),
        ("No water!", "", False),
        ("Water is forbidden.", "The test takes 5 minutes.", False),
        ("Press for 5 minutes afterwards.", "Press on the spot for 3 minutes", False),
        ("Press for 5 minutes afterwards.", "The test takes 5 minutes.", False),
        ("Water is fine before the test.", "Water is fine.", True),
    ]
    async with serve(settings_for(provider, tmp_path)) as service:
        for sentence, evidence, approved in cases:
            provider.script = script(f"NARRATOR: {sentence}", answer(evidence))
            _, verdicts = await write(service)
            assert verdicts[-1].approved is approved, (sentence, evidence)


def test_command_line_shows_the_warning_and_ends_with_a_status_of_its_own(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(provider, tmp_path)
    monkeypatch.setenv("STORYWIRE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("STORYWIRE_MODEL", str(settings.model))
    monkeypatch.setenv("OPENAI_BASE_URL", str(settings.openai_base_url))
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lesson.json").write_text(json.dumps(INPUT), encoding="utf-8")
    provider.script = script(f"{DANGEROUS} {write_prose('A lesson.', 120)}")
    run = CliRunner().invoke

    written = run(app, ["generate", "file", "education_audio", "lesson.json"])
    assert written.exit_code == 3, written.output
    assert "not approved" in written.stderr and "NOT safe to use" in written.stderr
    run_id = run(app, ["runs", "list"]).stdout.split()[5]
    shown = run(app, ["runs", "show", run_id]).stdout
    assert shown.index("NOT safe to use") < shown.index("Eat nothing")
    exported = run(app, ["runs", "export", run_id, "--as", "md"])
    assert "NOT safe to use" in exported.stderr
    assert "> **Warning" in (tmp_path / f"{run_id}.md").read_text(encoding="utf-8")
