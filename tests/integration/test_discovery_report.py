"""Discovery reports over HTTP: three parts, a revision, a quota, research beside the first part, what is kept."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.timezones import local_date
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import LiveService, Told, serve, settings_for
from workflows.formats.discovery_report.format import SECTIONS, DiscoveryReportFormat
from workflows.messages.messages import TextAppended

IDEAS = (
    "What moves.\n\n### 1. A club\n\nIt meets.\n\n### 2. A book\n\nIt sells.\n\n### 3. A tour\n\nIt goes.\n\n"
    "### 4. A letter\n\nIt comes weekly.\n\n"
    "| Idea | Price |\n|---|---|\n| A club | 10 |\n| A book | 20 |\n| A tour | 5 |\n| A letter | 3 |"
)
MADE = {
    "ideas": [
        {
            "name": name, "problem": "Nobody to talk to.", "customer": "Beginners.", "offer": "An evening.",
            "first_three_customers": "Old pupils.", "price": "Ten euros.", "first_step": "Ask three.",
            "what_would_end_it": "Nobody comes.", "sources": [1, 77],
        }
        for name in ("A club", "A book", "A tour", "A letter")
    ]
}  # fmt: skip
FOUND = Rule(Reply(json=MADE), structured=True, contains="You find ideas for people")


def _on_another_day(now: datetime) -> str:
    """A time zone where it isn't the day that it is in UTC."""
    return "Pacific/Kiritimati" if now.hour >= 10 else "Pacific/Niue"


async def test_report_is_written_in_three_parts_revised_once_and_counted(
    provider: FakeProvider, tmp_path: Path
) -> None:
    advice = "Begin with a club: teach ten hours a week, as you have done. Keep a tour for later."
    provider.script = Script(rules=(
        FOUND,
        Rule(Reply(text=IDEAS), structured=False, contains="Give at least 3 ideas"),
        Rule(Reply(text=advice), structured=False, contains="Write the third part"),
    ))  # fmt: skip
    example = {**DiscoveryReportFormat.example, "search": "off"}
    async with serve(settings_for(provider, tmp_path, monthly_reports=1)) as service:
        http = service.client.http
        body = {"format": "discovery_report", "input": example, "options": {"keep_length": False}}
        headers = {"X-Timezone": _on_another_day(datetime.now(UTC))}
        started = await http.post("/api/v1/runs", json=body, headers=headers)
        told = await service.client.read(started.json()["run_id"])
        run = await service.client.run(started.json()["run_id"])
        link = await http.post(f"/api/v1/runs/{started.json()['run_id']}/share")
        shared = (await http.get(link.json()["url"])).text
        refused = await http.post("/api/v1/discovery-reports/generate/stream", json=example)
        usage = (await http.get("/api/v1/discovery-reports/usage")).json()
        markdown = await http.get(f"/api/v1/runs/{started.json()['run_id']}/export", params={"as": "md"})

    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    assert [told.ending[name] for name in SECTIONS] == [told.sections[index] for index in range(3)]
    assert told.sections[1] == IDEAS and told.sections[2] == advice
    compliance = told.ending["metadata"]["compliance"]
    assert compliance["passed"] and compliance["revisions"] == 1
    assert told.ending["metadata"]["research"]["area"] == "education"
    # The day is the reader's, wherever a prompt speaks of time.
    day = local_date(datetime.fromisoformat(run["created_at"]), headers["X-Timezone"])
    dated = [call.prompt_text for call in provider.generations if "You judge" not in call.prompt_text]
    said = {tuple(re.findall(r"Today is \w+, (\d+ \w+ \d{4})\.", prompt)) for prompt in dated}
    assert said == {(f"{day.day} {day:%B %Y}",)}, said
    # The notes on the field are for the second and the third part.
    told_of_the_field = [
        call.prompt_text for call in provider.calls if "Who pays: parents" in call.prompt_text
    ]
    assert ["You find ideas" in prompt for prompt in told_of_the_field] == [True, False, False]
    assert [idea["name"] for idea in told.ending["ideas"]] == ["A club", "A book", "A tour", "A letter"]
    assert told.ending["ideas"][0]["sources"] == [] and told.ending["sources"] == []
    assert refused.status_code == 429 and refused.json()["code"] == "QUOTA_EXCEEDED"
    assert int(refused.headers["retry-after"]) > 0
    assert (usage["used"], usage["quota"], usage["left"]) == (1, 1, 0)
    assert "## Startup ideas and research" in markdown.text
    assert "<h3>1. A club</h3>\n<p>It meets.</p>" in shared and "###" not in shared


async def test_report_that_may_search_does_so_once_beside_its_first_part_and_names_its_sources(
    provider: FakeProvider, tmp_path: Path
) -> None:
    found = Reply(
        text="Evening schools close, says one paper.",
        cites=(("Schools", "https://paper.example.org/a"), ("Odd", "javascript:alert(1)")),
    )
    cites = f"Evening schools close [1]. {IDEAS}"
    provider.script = Script(rules=(
        Rule(found, contains="You collect what somebody should know"),
        FOUND,
        Rule(Reply(text=f"Or so they say [7]. {cites}"), structured=False, contains="Write the second part"),
        Rule(Reply(text=cites), structured=False, contains="[7]: there is no such source; there are 1."),
        Rule(Reply(text="A club comes first, in education."), structured=False, contains="Write the third part"),
    ))  # fmt: skip
    body = {
        "format": "discovery_report",
        "input": {**DiscoveryReportFormat.example, "search": "auto"},
        "options": {"keep_length": False},
    }
    async with serve(settings_for(provider, tmp_path, judge="off")) as service:
        started = await service.client.http.post("/api/v1/runs", json=body)
        told = await service.client.read(started.json()["run_id"])
        markdown = await service.client.http.get(
            f"/api/v1/runs/{started.json()['run_id']}/export", params={"as": "md"}
        )
        link = await service.client.http.post(f"/api/v1/runs/{started.json()['run_id']}/share")
        shared = (await service.client.http.get(link.json()["url"])).text

    assert '<a href="https://paper.example.org/a" rel="noopener noreferrer nofollow">Schools</a>' in shared
    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    assert told.sections[1] == cites and told.ending["metadata"]["compliance"]["passed"]
    assert told.ending["ideas"][0]["sources"] == [1]
    assert told.ending["sources"] == [{"title": "Schools", "url": "https://paper.example.org/a"}]
    assert markdown.text.endswith("## Sources\n\n[1] Schools, https://paper.example.org/a  \n")
    assert told.ending["metadata"]["research"] == {
        "area": "education",
        "searched": True,
        "sources": [{"title": "Schools", "url": "https://paper.example.org/a"}],
    }
    searching = [call for call in provider.generations if "tools" in call.body]
    assert len(searching) == 1 and "Write the first part" not in searching[0].prompt_text
    later = [call for call in provider.generations if "Write the third part" in call.prompt_text]
    assert "Evening schools close" in later[0].prompt_text


async def test_search_beside_the_first_part_shares_the_budget_with_it(
    provider: FakeProvider, tmp_path: Path
) -> None:
    body = {
        "format": "discovery_report",
        "input": {**DiscoveryReportFormat.example, "search": "auto"},
        "options": {"keep_length": False, "max_output_tokens": 20_000, "parallel": 3},
    }
    async with serve(settings_for(provider, tmp_path, judge="off")) as service:
        started = await service.client.http.post("/api/v1/runs", json=body)
        told = await service.client.read(started.json()["run_id"])
    assert told.ending is not None and told.ending["type"] == "complete", told.ending


EXAMPLE = {**DiscoveryReportFormat.example, "search": "off"}
TYPED_OTHERWISE = {**EXAMPLE, "work_style": f"  {EXAMPLE['work_style'].upper()}. "}
FIRST = "Write the first part"


async def ask_for(service: LiveService, input: dict[str, Any]) -> Any:
    body = {"format": "discovery_report", "input": input, "options": {"keep_length": False}}
    return await service.client.http.post("/api/v1/runs", json=body)


async def used(service: LiveService) -> int:
    return int((await service.client.http.get("/api/v1/discovery-reports/usage")).json()["used"])


async def test_kept_report_answers_although_the_quota_is_used_up(
    provider: FakeProvider, tmp_path: Path
) -> None:
    settings = settings_for(provider, tmp_path, monthly_reports=1, judge="off")
    async with serve(settings) as service:
        first = await service.client.read((await ask_for(service, EXAMPLE)).json()["run_id"])
        again = await ask_for(service, TYPED_OTHERWISE)
        assert again.status_code == 201, again.text
        kept = await service.client.read(again.json()["run_id"])
        other = await ask_for(service, {**EXAMPLE, "budget_range": "Under 9 euros"})
        spent = await used(service)

    assert kept.ending is not None and kept.ending["type"] == "complete" and kept.ending["cached"]
    assert kept.text == first.text
    assert other.status_code == 429 and spent == 1


async def test_report_that_is_being_written_is_read_along_although_the_quota_is_used_up(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=9), contains=FIRST),))
    settings = settings_for(provider, tmp_path, monthly_reports=1, judge="off")
    async with serve(settings) as service:
        first = await ask_for(service, EXAMPLE)
        await provider.wait_for_held()
        joining = await ask_for(service, EXAMPLE)
        assert joining.status_code == 201, joining.text
        before = await used(service)
        provider.release()
        told = [await service.client.read(each.json()["run_id"]) for each in (first, joining)]
        after = await used(service)

    assert [each.ending and each.ending["cached"] for each in told] == [False, True]
    assert (before, after) == (1, 1)


async def test_report_that_waited_in_vain_takes_a_place_before_it_is_written(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=9), contains=FIRST),))
    settings = settings_for(provider, tmp_path, monthly_reports=1, judge="off")
    async with serve(settings) as service:
        first = (await ask_for(service, EXAMPLE)).json()["run_id"]
        async for frame in service.client.frames(first):
            if isinstance(frame.message, TextAppended):
                break  # it has text, so it will count
        joining = (await ask_for(service, EXAMPLE)).json()["run_id"]
        written = await service.client.http.post(f"/api/v1/runs/{first}/cancel")
        told = await service.client.read(joining)
        spent = await used(service)
        refused = await service.client.http.post(f"/api/v1/runs/{joining}/resume")

    assert written.json()["status"] == "cancelled"
    assert told.ending is not None and told.ending["code"] == "QUOTA_EXCEEDED" and not told.text
    assert spent == 1  # the one that was cancelled with text written
    assert refused.status_code == 429 and refused.json()["code"] == "QUOTA_EXCEEDED"
    assert int(refused.headers["retry-after"]) > 0
    assert len([call for call in provider.calls if FIRST in call.prompt_text]) == 1


async def test_failed_report_counts_if_it_bought_something_and_goes_on_without_counting_again(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("drop", after=9)), contains=FIRST, times=1),))
    settings = settings_for(provider, tmp_path, monthly_reports=1, judge="off")
    async with serve(settings) as service:
        failed = (await ask_for(service, EXAMPLE)).json()["run_id"]
        await service.client.read(failed)
        refused = await ask_for(service, {**EXAMPLE, "budget_range": "Under 9 euros"})
        resumed = await service.client.http.post(f"/api/v1/runs/{failed}/resume")
        told = await service.client.read(failed)
        await service.client.http.delete(f"/api/v1/runs/{failed}")
        spent = await used(service)

    assert refused.status_code == 429 and resumed.status_code == 202
    assert told.ending is not None and told.ending["type"] == "complete" and spent == 1


async def test_failed_report_that_bought_nothing_takes_a_place_when_it_goes_on(
    provider: FakeProvider, tmp_path: Path
) -> None:
    # The first part, and the ideas beside it.
    provider.script = Script(rules=(Rule(Reply(fault=Fault("status")), times=2),))
    settings = settings_for(provider, tmp_path, monthly_reports=1, judge="off")
    other = {**EXAMPLE, "budget_range": "Under 9 euros"}
    async with serve(settings) as service:
        failed = (await ask_for(service, EXAMPLE)).json()["run_id"]
        await service.client.read(failed)
        assert (await service.client.run(failed))["status"] == "failed" and await used(service) == 0
        second = (await ask_for(service, other)).json()["run_id"]
        await service.client.read(second)
        refused = await service.client.http.post(f"/api/v1/runs/{failed}/resume")
        run = await service.client.run(failed)
        spent = await used(service)

    assert refused.status_code == 429 and refused.json()["code"] == "QUOTA_EXCEEDED"
    assert run["status"] == "failed" and run["error"]["code"] == "MODEL_UNAVAILABLE"
    assert spent == 1


async def test_research_is_under_way_while_the_first_part_is_being_written(
    provider: FakeProvider, tmp_path: Path
) -> None:
    # Both are held: neither waits for the other to be done.
    provider.script = Script(rules=(
        Rule(Reply(text="Schools close.", hold_after=1), contains="You collect what somebody should know"),
        Rule(Reply(hold_after=1), contains="Write the first part"),
    ))  # fmt: skip
    body = {
        "format": "discovery_report",
        "input": {**DiscoveryReportFormat.example, "search": "auto"},
        "options": {"keep_length": False},
    }
    async with serve(settings_for(provider, tmp_path, judge="off")) as service:
        run_id = (await service.client.http.post("/api/v1/runs", json=body)).json()["run_id"]
        held = await provider.wait_for_held(2)
        under_way = provider.generations
        provider.release()
        told = await service.client.read(run_id)

    assert held == under_way and {call.api for call in held} == {"responses", "chat"}
    assert told.ending is not None and told.ending["type"] == "complete", told.ending


async def test_profile_that_is_only_typed_otherwise_is_given_the_kept_report_and_not_counted(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(default=Reply(tokens_per_chunk=50))
    example = dict(DiscoveryReportFormat.example)
    traits = list(example["founder_psychology"].items())
    otherwise = {
        **example,
        "goal_type": f"  {example['goal_type'].upper()} ",
        "time_commitment": "10  Hours a\nweek.",
        "interest_area": "EDUCATION",
        "skill_strength": "Writing,  TEACHING",
        "experience_summary": example["experience_summary"].replace(" ", "  "),
        "founder_psychology": dict(reversed([(name.title(), text.upper()) for name, text in traits])),
    }
    another = {**example, "budget_range": "Under 20,000 euros"}
    async with serve(settings_for(provider, tmp_path, judge="off")) as service:
        http = service.client.http

        async def write(inputs: dict[str, Any], **options: Any) -> tuple[Told, int]:
            """The report, and how many calls it took."""
            before = len(provider.generations)
            body = {"format": "discovery_report", "input": inputs, "options": options}
            run_id = (await http.post("/api/v1/runs", json=body)).json()["run_id"]
            return await service.client.read(run_id), len(provider.generations) - before

        first, bought = await write(example)
        kept, again = await write(otherwise)
        other, _ = await write(another)
        anew, anew_bought = await write(otherwise, cache="off")
        usage = (await http.get("/api/v1/discovery-reports/usage")).json()

    assert bought >= 3 and again == 0 and anew_bought == bought
    assert first.ending is not None and kept.ending is not None and other.ending and anew.ending
    assert [told.ending["cached"] for told in (first, kept, other, anew) if told.ending] == [
        False, True, False, False
    ]  # fmt: skip
    assert kept.sections == first.sections and kept.text == kept.ending["story_content"]
    assert [kept.ending[name] for name in SECTIONS] == [first.ending[name] for name in SECTIONS]
    assert kept.ending["usage"]["cost_usd"] == 0 and kept.ending["run_id"] != first.ending["run_id"]
    assert usage["used"] == 3


@pytest.mark.parametrize("parallel", [1, 2])
async def test_report_with_a_budget_searches_and_writes_within_it(
    provider: FakeProvider, tmp_path: Path, parallel: int
) -> None:
    found = Rule(Reply(text="Schools close."), contains="You collect what somebody should know")
    provider.script = Script(rules=(found,), default=Reply(tokens_per_chunk=50))
    body = {
        "format": "discovery_report",
        "input": {**DiscoveryReportFormat.example, "search": "auto"},
        "options": {"max_output_tokens": 60_000, "parallel": parallel},
    }
    async with serve(settings_for(provider, tmp_path, judge="off")) as service:
        run_id = (await service.client.http.post("/api/v1/runs", json=body)).json()["run_id"]
        told = await service.client.read(run_id)

    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    assert told.ending["usage"]["output_tokens"] <= 60_000
