"""`storywire evaluate`: a fixed set of tasks, judged blind, kept in a folder, compared with an earlier one."""

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from backend.cli.evaluation import judging
from backend.cli.evaluation.tasks import list_tasks
from backend.cli.main import app
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import settings_for
from workflows.formats.registry import list_formats
from workflows.models.clients.catalog import Model
from workflows.prompts import today
from workflows.text.words import count_words

SCORES = {
    "coherence": 4, "ending": 5, "fit": 3, "repetition": 4, "facts": 4, "length": 5, "comment": "Shorter."
}  # fmt: skip
RUBRIC = Rule(Reply(json=SCORES), contains="You judge texts as a demanding editor")


@pytest.fixture
def evaluate(provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command for stories, with the fake provider."""
    settings = settings_for(provider, tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", str(settings.openai_base_url))
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    monkeypatch.setenv("STORYWIRE_JUDGE", "off")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> Any:
        format = () if "--format" in args else ("--format", "story")
        return CliRunner().invoke(app, ["evaluate", "--model", "openai:gpt-test", *format, *args])

    return run


def test_evaluation_writes_its_tasks_judges_them_blind_and_keeps_texts_and_scores(
    evaluate: Any, provider: FakeProvider, tmp_path: Path
) -> None:
    better = Rule(Reply(json={"better": "first", "reason": "Clear."}), contains="You compare two texts")
    provider.script = Script(rules=(RUBRIC, better))
    first = evaluate("--judge", "openai:gpt-judge", "--out", "one")
    assert first.exit_code == 0, first.output
    results = json.loads((tmp_path / "one" / "results.json").read_text(encoding="utf-8"))
    [outcome] = results["outcomes"]
    assert outcome["scores"]["ending"] == 5 and outcome["comment"] == "Shorter." and outcome["words"] > 100
    assert (tmp_path / "one" / "texts" / f"{outcome['key']}.md").read_text(encoding="utf-8").strip()
    assert "1 of 1" in first.stdout and "5.0" in first.stdout
    [judged] = [call for call in provider.generations if "demanding editor" in call.prompt_text]
    assert "gpt-test" not in judged.prompt_text
    assert (
        f"It has {outcome['words']} words; about {outcome['planned_words']} were planned."
        in judged.prompt_text
    )
    assert f"Today is {today()}." in judged.prompt_text

    second = evaluate("--judge", "openai:gpt-judge", "--against", "one", "--out", "two")
    assert second.exit_code == 0, second.output
    assert "0 better, 0 worse, 1 equal" in second.stdout  # whichever was shown first was called better


@pytest.mark.parametrize(("mine", "found"), [("good", "better"), ("bad", "worse"), ("good too", "equal")])
async def test_comparison_shows_each_text_first_once(
    monkeypatch: pytest.MonkeyPatch, mine: str, found: str
) -> None:
    async def ask(judge: Model, form: type[judging.Comparison], messages: list[Any]) -> judging.Comparison:
        del judge
        first, second = re.findall(r"<text-\w+>\s*(.*?)\s*</text", messages[-1].text)
        better = "second" if first.startswith("bad") else "first"
        return form(better="first" if "too" in first + second else better, reason="So it is.")

    monkeypatch.setattr(judging, "ask", ask)
    other = "good" if mine == "bad" else "bad"
    assert await judging.compare_texts(cast(Model, None), {}, mine, other) == found


def test_evaluation_without_a_judge_has_no_scores_and_says_what_a_text_takes(evaluate: Any) -> None:
    ended = evaluate("--out", "one", "--json")
    assert ended.exit_code == 0, ended.output
    [row] = json.loads(ended.stdout)["rows"]
    assert list(row) == [
        "Format", "Texts", "Words", "Off length", "Repeated", "Seconds", "Cost", "Per 1,000 words"
    ]  # fmt: skip
    assert int(row["Words"].replace(",", "")) > 100 and float(row["Seconds"]) > 0


def test_evaluation_of_a_model_that_fails_says_why_and_ends_with_one(
    evaluate: Any, provider: FakeProvider
) -> None:
    provider.script = Script(default=Reply(fault=Fault("status")))
    failed = evaluate("--out", "broken")
    assert failed.exit_code == 1 and "was not written: MODEL_UNAVAILABLE" in failed.stdout


def test_evaluation_of_which_one_text_fails_prints_the_others_and_ends_with_one(
    evaluate: Any, provider: FakeProvider
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("status")), contains="town clock"),))
    ended = evaluate("--n", "2", "--out", "half", "--json")
    assert ended.exit_code == 1, ended.output
    told = json.loads(ended.stdout)
    assert [row["Texts"] for row in told["rows"]] == ["1 of 2"]
    assert list(told["not_written"]) == ["story-clock-thief-1"]


def test_words_of_an_evaluated_script_have_its_headings_as_the_planned_ones_do(
    evaluate: Any, tmp_path: Path
) -> None:
    assert evaluate("--format", "creator_script", "--out", "one").exit_code == 0
    [outcome] = json.loads((tmp_path / "one" / "results.json").read_text(encoding="utf-8"))["outcomes"]
    assert outcome["words"] == count_words((tmp_path / "one" / "texts" / f"{outcome['key']}.md").read_text())
    assert outcome["length_off"] == round(outcome["words"] / outcome["planned_words"] - 1, 4)


def test_evaluation_keeps_a_text_that_its_judge_gives_no_scores_for_and_goes_on(
    evaluate: Any, provider: FakeProvider, tmp_path: Path
) -> None:
    wrong = Rule(Reply(json={**SCORES, "ending": 9}), contains="You judge texts as a demanding editor")
    provider.script = Script(rules=(wrong,))
    ended = evaluate("--judge", "openai:gpt-judge", "--out", "one")
    assert ended.exit_code == 0 and "story-humming-lighthouse-1 was not judged: " in " ".join(
        ended.stdout.split()
    )
    [outcome] = json.loads((tmp_path / "one" / "results.json").read_text(encoding="utf-8"))["outcomes"]
    assert outcome["failure"] is None and outcome["words"] > 100 and outcome["scores"] == {}

    asked = len(provider.calls)
    again = evaluate("--out", "one")
    assert again.exit_code == 1 and "holds an evaluation already" in " ".join(again.output.split())
    assert len(provider.calls) == asked


def test_tasks_of_an_evaluation_are_inputs_of_their_formats_and_go_round() -> None:
    formats = list_formats()
    tasks = list_tasks(formats, [], 3)
    assert len(tasks) == 3 * len(formats) and len({task.key for task in tasks}) == len(tasks)
    for task in tasks:
        formats[task.format].parse(task.input)


def test_evaluation_over_a_recording_has_the_same_text_and_asks_no_provider(
    evaluate: Any, provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYWIRE_RECORD_DIR", str(tmp_path / "recordings"))
    assert evaluate("--out", "one").exit_code == 0
    [recording] = (tmp_path / "recordings").glob("*")
    monkeypatch.delenv("STORYWIRE_RECORD_DIR")
    asked = len(provider.calls)
    again = evaluate("--model", f"replay:{recording}", "--out", "two")
    assert again.exit_code == 0, again.output
    assert len(provider.calls) == asked
    [text], [same] = (list((tmp_path / folder / "texts").glob("*.md")) for folder in ("one", "two"))
    assert same.read_text(encoding="utf-8") == text.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("against", "told"),
    [
        ("nothing-here", "there is no such folder"),
        ("nobody:gpt", "there is no such folder"),
        ("empty", "isn't the folder of an evaluation"),
        ("broken/results.json", "isn't the folder of an evaluation"),
        ("other", "has no text of these tasks"),
        ("anthropic:", "there is no such folder"),
    ],
)
def test_evaluation_against_what_is_none_is_refused_before_anything_is_spent(
    evaluate: Any, provider: FakeProvider, tmp_path: Path, against: str, told: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "results.json").write_text("[1, 2")
    (tmp_path / "other" / "texts").mkdir(parents=True)
    (tmp_path / "other" / "texts" / "podcast-example-1.md").write_text("Hm.")
    (tmp_path / "other" / "results.json").write_text('{"model": "openai:x", "judge": null, "outcomes": []}')
    name = against if ":" in against else str(tmp_path / against)
    refused = evaluate("--judge", "openai:gpt-judge", "--against", name, "--out", "two")
    assert refused.exit_code == 1 and told in " ".join(refused.output.split())
    assert not provider.calls


def test_evaluation_against_a_text_without_a_judge_is_refused_before_anything_is_spent(
    evaluate: Any, provider: FakeProvider
) -> None:
    refused = evaluate("--against", "openai:gpt-other", "--out", "two")
    assert refused.exit_code == 1 and "--against needs --judge" in refused.output
    assert not provider.calls


def test_evaluation_of_a_format_that_is_none_is_refused_before_anything_is_spent(
    evaluate: Any, provider: FakeProvider
) -> None:
    refused = evaluate("--format", "sonnet", "--out", "two")
    assert refused.exit_code == 1 and "no format sonnet" in refused.output
    assert not provider.calls


def test_evaluation_against_the_results_of_an_earlier_one_compares_with_its_texts(
    evaluate: Any, tmp_path: Path
) -> None:
    assert evaluate("--out", "one").exit_code == 0
    [results] = tmp_path.rglob("one/results.json")
    second = evaluate("--judge", "openai:gpt-judge", "--against", str(results), "--out", "two")
    assert second.exit_code == 0, second.output


PRICED = """
["openai:{name}"]
input = 1.0
output = {output}
"""


@pytest.mark.parametrize(("is_priced", "cost"), [(True, r", \$\d\.\d{4}"), (False, r", \?")])
def test_evaluation_against_a_second_model_says_what_that_one_cost(
    evaluate: Any,
    provider: FakeProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_priced: bool,
    cost: str,
) -> None:
    better = Rule(Reply(json={"better": "equal", "reason": "Both."}), contains="You compare two texts")
    provider.script = Script(rules=(RUBRIC, better))
    prices = PRICED.format(name="gpt-test", output=10.0)
    if is_priced:
        prices += PRICED.format(name="gpt-other", output=30.0)
    (tmp_path / "prices.toml").write_text(prices)
    monkeypatch.setenv("STORYWIRE_PRICES", str(tmp_path / "prices.toml"))
    ended = evaluate("--judge", "openai:gpt-judge", "--against", "openai:gpt-other", "--out", "one")
    assert ended.exit_code == 0, ended.output
    [outcome] = json.loads((tmp_path / "one" / "results.json").read_text(encoding="utf-8"))["outcomes"]
    assert re.search(rf"0 better, 0 worse, 1 equal{cost}", " ".join(ended.stdout.split()))
    assert outcome["other_words"] > 100 and outcome["cost_usd"] > 0
    # The same texts of the same prompts, at three times the price of a word.
    assert (outcome["other_cost_usd"] is not None) == is_priced
    assert not is_priced or 1.5 < outcome["other_cost_usd"] / outcome["cost_usd"] < 3
    assert {path.name for path in (tmp_path / "one" / "texts").iterdir()} == {
        f"{outcome['key']}.md",
        f"{outcome['key']}.other.md",
    }


def test_evaluation_against_a_model_that_fails_says_so_and_compares_nothing(
    evaluate: Any, provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("status")), model="gpt-other"), RUBRIC))
    ended = evaluate("--judge", "openai:gpt-judge", "--against", "openai:gpt-other", "--out", "one")
    said = " ".join(ended.stdout.split())
    assert ended.exit_code == 1 and "was not written by openai:gpt-other: MODEL_UNAVAILABLE" in said
    assert "0 better, 0 worse, 0 equal" in said and "0 equal, " not in said
    [outcome] = json.loads((tmp_path / "one" / "results.json").read_text(encoding="utf-8"))["outcomes"]
    assert outcome["against"] is None and outcome["other_cost_usd"] is None and outcome["scores"]
