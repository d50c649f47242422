"""Judges that number what they judge in a way of their own, or name passages that aren't there."""

from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.models import open_model
from workflows.errors import ModelBadOutput
from workflows.formats.creator_script.coverage import judge_points
from workflows.formats.creator_script.format import CreatorScriptFormat
from workflows.formats.education_audio.grounding_judge import GroundingJudge
from workflows.safety.judge import judge
from workflows.safety.policies.policy_files import load_policy
from workflows.state import Section, State

DOCUMENT = "Eat nothing for 8 hours. Water is fine."
SAID = ["Eat nothing for 8 hours.", "Water is forbidden."]


def answering(provider: FakeProvider, answer: dict[str, Any]) -> None:
    provider.script = Script(rules=(Rule(Reply(json=answer), structured=True),))


def verdict(number: int, otherwise: str = "none") -> dict[str, Any]:
    borne_out = otherwise == "none"
    return {
        "number": number, "evidence": "", "borne_out": borne_out, "otherwise": otherwise, "reason": "Water is fine."
    }  # fmt: skip


@pytest.mark.parametrize(
    ("numbers", "kinds"),
    [
        ((1, 2), [None, "contradicted"]),
        ((-1, 2), ["unanswered", "contradicted"]),
        ((3, 99), ["unanswered", "unanswered"]),
        ((0, 1), ["unanswered", "unanswered"]),  # from zero: each would be taken for the sentence before
    ],
)
async def test_lessons_judge_with_numbers_of_its_own_leaves_sentences_unanswered(
    provider: FakeProvider,
    caplog: pytest.LogCaptureFixture,
    numbers: tuple[int, int],
    kinds: list[str | None],
) -> None:
    caplog.set_level("WARNING")
    answering(provider, {"verdicts": [verdict(numbers[0]), verdict(numbers[1], "contradicted")]})
    async with open_model(provider.root_url, "chat") as model:
        found = await GroundingJudge(model, "Before the test").judge([DOCUMENT], SAID)
    assert [one.kind if one else "unanswered" for one in found] == kinds
    assert ("judge_unanswered: grounding, NOTHING_JUDGED" in caplog.text) == ("unanswered" in kinds)


@pytest.mark.parametrize("numbers", [(0, 1), (-1, 99)])
async def test_scripts_judge_with_numbers_of_its_own_decides_nothing(
    provider: FakeProvider, caplog: pytest.LogCaptureFixture, numbers: tuple[int, int]
) -> None:
    caplog.set_level("WARNING")
    points = [{"text": "Feed the starter daily"}, {"text": "Never freeze dough"}]
    inputs = CreatorScriptFormat().parse({"topic": "Sourdough", "duration_minutes": 2, "key_points": points})
    answering(
        provider,
        {"verdicts": [{"number": one, "quote": "Feed it every day", "covered": True} for one in numbers]},
    )
    state: Any = State(sections={0: Section(index=0, text="Feed it every day.")})
    async with open_model(provider.root_url, "chat") as model:
        assert await judge_points(inputs, state, model) == {}
    assert caplog.messages == ["judge_unanswered: points, NOTHING_JUDGED"]


async def test_safety_judges_issue_of_a_passage_that_is_not_there_belongs_where_its_quotation_stands(
    provider: FakeProvider,
) -> None:
    sections = [Section(index=0, text="The sun rose."), Section(index=1, text="He hit the dog.")]
    issue = {
        "category": "violence", "severity": "high", "section": 7, "quote": "He hit the dog", "advice": "Leave it out."
    }  # fmt: skip
    scores = {"age_fit": 0.9, "cultural_sensitivity": 0.9, "educational_value": 0.9}
    policy = load_policy("child", 7)
    answering(provider, {"approved": False, "issues": [issue], **scores})
    async with open_model(provider.root_url, "chat") as model:
        found, _ = await judge(policy, sections, model)
        assert [one["section"] for one in found] == [1]
        answering(provider, {"approved": False, "issues": [{**issue, "quote": "no such words"}], **scores})
        with pytest.raises(ModelBadOutput):
            await judge(policy, sections, model)
