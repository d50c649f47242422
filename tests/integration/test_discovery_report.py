"""Discovery reports over HTTP: three parts, a revision, a quota."""

from pathlib import Path

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.service import serve, settings_for
from workflows.formats.discovery_report.format import SECTIONS, DiscoveryReportFormat

IDEAS = "What moves.\n\n1. A club. It meets.\n\n2. A book. It sells.\n\n3. A tour. It goes."


async def test_report_is_written_in_three_parts_revised_once_and_counted(
    provider: FakeProvider, tmp_path: Path
) -> None:
    advice = "Teach ten hours a week, as you have done."
    provider.script = Script(rules=(
        Rule(Reply(text=IDEAS), structured=False, contains="Give at least 3 ideas"),
        Rule(Reply(text=advice), structured=False, contains="Write the third part"),
    ))  # fmt: skip
    example = dict(DiscoveryReportFormat.example)
    async with serve(settings_for(provider, tmp_path, monthly_reports=1)) as service:
        http = service.client.http
        body = {"format": "discovery_report", "input": example, "options": {"keep_length": False}}
        started = await http.post("/api/v1/runs", json=body)
        told = await service.client.read(started.json()["run_id"])
        refused = await http.post("/api/v1/discovery-reports/generate/stream", json=example)
        usage = (await http.get("/api/v1/discovery-reports/usage")).json()
        markdown = await http.get(f"/api/v1/runs/{started.json()['run_id']}/export", params={"as": "md"})

    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    assert [told.ending[name] for name in SECTIONS] == [told.sections[index] for index in range(3)]
    assert told.sections[1] == IDEAS and told.sections[2] == advice
    compliance = told.ending["metadata"]["compliance"]
    assert compliance["passed"] and compliance["revisions"] == 1
    assert told.ending["metadata"]["research"]["area"] == "education"
    # The notes on the field are for the second and the third part.
    assert ["Who pays: parents" in call.prompt_text for call in provider.calls] == [
        False, True, True, False, False
    ]  # fmt: skip
    assert refused.status_code == 429 and refused.json()["code"] == "QUOTA_EXCEEDED"
    assert int(refused.headers["retry-after"]) > 0
    assert (usage["used"], usage["quota"], usage["left"]) == (1, 1, 0)
    assert "## Startup ideas and research" in markdown.text


async def test_report_that_may_search_does_so_once_beside_its_first_part_and_names_its_sources(
    provider: FakeProvider, tmp_path: Path
) -> None:
    found = Reply(
        text="Evening schools close, says one paper.",
        cites=(("Schools", "https://paper.example.org/a"), ("Odd", "javascript:alert(1)")),
    )
    provider.script = Script(rules=(Rule(found, contains="You collect what somebody should know"),))
    body = {
        "format": "discovery_report",
        "input": {**DiscoveryReportFormat.example, "search": "auto"},
        "options": {"keep_length": False},
    }
    async with serve(settings_for(provider, tmp_path, judge="off")) as service:
        started = await service.client.http.post("/api/v1/runs", json=body)
        told = await service.client.read(started.json()["run_id"])

    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    assert told.ending["metadata"]["research"] == {
        "area": "education",
        "searched": True,
        "sources": [{"title": "Schools", "url": "https://paper.example.org/a"}],
    }
    searching = [call for call in provider.generations if "tools" in call.body]
    assert len(searching) == 1 and "Write the first part" not in searching[0].prompt_text
    later = [call for call in provider.generations if "Write the third part" in call.prompt_text]
    assert "Evening schools close" in later[0].prompt_text
