"""Judges that give no answer: what is asked again, what is left to words, and what a person has to mend."""

from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.models import open_model
from workflows.errors import ModelAuth, ModelUnavailable
from workflows.formats.creator_script.coverage import judge_points
from workflows.formats.creator_script.format import CreatorScriptFormat
from workflows.formats.education_audio.grounding_judge import GroundingJudge
from workflows.state import Section, State

DOCUMENT = "Eat nothing for 8 hours. Water is fine. The test takes 5 minutes."
SAID = ["Eat nothing for 8 hours.", "Water is fine.", "The test takes 5 minutes.", "Press on the spot."]


def borne_out(*numbers: int) -> dict[str, Any]:
    return {
        "verdicts": [
            {"number": one, "evidence": "", "borne_out": True, "otherwise": "none", "reason": ""}
            for one in numbers
        ]
    }


async def test_judge_whose_answer_was_cut_is_asked_by_halves(provider: FakeProvider) -> None:
    provider.script = Script(
        rules=(Rule(Reply(fault=Fault("length", times=1)), times=1), Rule(Reply(json=borne_out(1, 2))))
    )
    async with open_model(provider.root_url, "chat") as model:
        found = await GroundingJudge(model, "The test").judge([DOCUMENT], SAID)
    assert [one is not None for one in found] == [True] * 4 and len(provider.calls) == 3


async def test_judge_that_goes_away_keeps_what_it_has_said_and_is_asked_no_more(
    provider: FakeProvider,
) -> None:
    away = Rule(Reply(fault=Fault("status", status=503)))
    provider.script = Script(rules=(Rule(Reply(json=borne_out(1)), times=1), away))
    async with open_model(provider.root_url, "chat") as model:
        judge = GroundingJudge(model, "The test", may_be_away=True)
        found = await judge.judge([DOCUMENT, DOCUMENT], SAID)
        assert [one is not None for one in found] == [True, False, False, False] and judge.is_away
        calls = len(provider.calls)
        assert await judge.judge([DOCUMENT], SAID) == [None] * 4 and len(provider.calls) == calls


async def test_judge_that_may_not_be_away_yet_says_that_it_is(provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(fault=Fault("status", status=503)))
    async with open_model(provider.root_url, "chat") as model:
        with pytest.raises(ModelUnavailable):
            await GroundingJudge(model, "The test").judge([DOCUMENT], SAID)


@pytest.mark.parametrize("kind", ["length", "content_filter", "refusal", "drop", "status"])
async def test_point_of_a_script_is_left_to_words_where_its_judge_gives_no_answer(
    provider: FakeProvider, kind: Any
) -> None:
    provider.script = Script(default=Reply(fault=Fault(kind)))
    async with open_model(provider.root_url, "chat") as model:
        assert await judge_points(_SCRIPT, _state(), model) == {}


async def test_operator_is_told_by_a_code_why_a_judge_gave_no_answer(
    provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")  # whatever the service of another test has set
    provider.script = Script(default=Reply("The patient is called Ann."))
    async with open_model(provider.root_url, "chat") as model:
        await judge_points(_SCRIPT, _state(), model)
        await GroundingJudge(model, "The test").judge([DOCUMENT], SAID[:1])
        provider.script = Script(default=Reply(fault=Fault("status", status=503)))
        await GroundingJudge(model, "The test", may_be_away=True).judge([DOCUMENT], SAID[:1])
    said = [one.getMessage() for one in caplog.records if "judge_unanswered" in one.getMessage()]
    bad = "MODEL_BAD_OUTPUT"
    assert said == [
        f"judge_unanswered: points, {bad}",
        *[f"judge_unanswered: grounding, {bad}"] * 2,
        "judge_unanswered: grounding, MODEL_UNAVAILABLE",
    ]
    assert "Ann" not in caplog.text


async def test_key_that_a_judge_refuses_is_told(provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(fault=Fault("bad_key")))
    async with open_model(provider.root_url, "chat") as model:
        with pytest.raises(ModelAuth):
            await judge_points(_SCRIPT, _state(), model)
        with pytest.raises(ModelAuth):
            await GroundingJudge(model, "The test", may_be_away=True).judge([DOCUMENT], SAID)


_SCRIPT = CreatorScriptFormat().parse(
    {"topic": "Sourdough", "duration_minutes": 2, "key_points": [{"text": "Feed the starter daily"}]}
)


def _state() -> State:
    state: Any = State(sections={0: Section(index=0, text="Feed it every day.")})
    return state  # type: ignore[no-any-return]
