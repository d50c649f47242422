"""What runs cost, what they may cost, and results that are told again: over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.answer import split_tokens
from tests.fakes.provider import FakeProvider
from tests.fakes.recording import Call
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import CALLS, STORY, LiveService, Told, serve, settings_for
from workflows.messages.messages import OutlinePlanned, ProgressReported, TextAppended, UsageUpdated

PRICES = """
["openai:gpt-test"]
input = 1.0
output = 10.0
"""
INPUT_USD, OUTPUT_USD = 1e-6, 1e-5


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that writes with the fake provider, whose model has a price."""
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICES)
    async with serve(settings_for(provider, tmp_path, prices=prices)) as running:
        yield running


def _counted(provider: FakeProvider) -> tuple[int, int]:
    """The tokens of the calls that ended well, as the provider counts them."""
    calls = [call for call in provider.generations if call.finished]
    return sum(len(split_tokens(call.prompt_text)) for call in calls), sum(call.tokens_sent for call in calls)


def _billed(calls: list[Call]) -> float:
    """US dollars for every prompt and every token that left the provider."""
    read = sum(len(split_tokens(call.prompt_text)) for call in calls)
    return read * INPUT_USD + sum(call.tokens_sent for call in calls) * OUTPUT_USD


async def _read_until(service: LiveService, run_id: str, section: int) -> None:
    async for frame in service.client.frames(run_id):
        if isinstance(frame.message, TextAppended) and frame.message.section == section:
            return


async def _usage(service: LiveService, **params: Any) -> dict[str, Any]:
    reply = await service.client.http.get("/api/v1/usage", params=params)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


async def test_usage_is_told_live_and_kept_by_role_section_and_day(
    service: LiveService, provider: FakeProvider
) -> None:
    run_id = await service.client.start(budget_usd=1)
    messages = [frame.message async for frame in service.client.frames(run_id)]
    told = [message for message in messages if isinstance(message, UsageUpdated)]
    run = await service.client.run(run_id)
    by_day, by_role = await _usage(service), await _usage(service, by="role")
    read, written = _counted(provider)
    cost = read * INPUT_USD + written * OUTPUT_USD

    assert len(told) == CALLS and all(usage.budget_usd == 1 and usage.call for usage in told)
    assert (told[-1].input_tokens, told[-1].output_tokens) == (read, written)
    assert told[-1].cost_usd == pytest.approx(cost) and not told[-1].estimated
    parts = run["usage"]["by"]
    assert parts == run["result"]["usage"]["by"] and len(parts) == CALLS
    assert {part["section"] for part in parts if part["role"] == "writing"} == {0, 1, 2, 3}
    assert sum(part["cost_usd"] for part in parts) == pytest.approx(cost)
    assert by_day["total"]["cost_usd"] == pytest.approx(cost) and by_day["total"]["runs"] == 1
    assert by_day["total"]["output_tokens"] == written and not by_day["total"]["unpriced_tokens"]
    assert {row["name"] for row in by_role["rows"]} == {"outline", "writing", "judge", "derived"}


async def test_budget_is_passed_to_the_provider_and_ends_the_run_with_what_was_written(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(default=Reply(words=150))
    budget = 0.0115  # the plan and two scenes and a bit
    run_id = await service.client.start(budget_usd=budget, keep_length=False)
    broken = await service.client.read(run_id)
    spent = await service.client.run(run_id)
    bought = provider.generations
    cost = _billed(bought)
    refused = await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    quote = (await service.client.http.get(f"/api/v1/runs/{run_id}/resume-quote")).json()
    resumed = await service.client.http.post(f"/api/v1/runs/{run_id}/resume", json={"budget_usd": 1})
    told = Told(dict(broken.sections), broken.last_seq)
    await service.client.read(run_id, told)
    whole = (await service.client.run(run_id))["usage"]
    all_read, all_written = _counted(provider)

    assert broken.ending is not None and broken.ending["code"] == "BUDGET_EXCEEDED"
    assert broken.ending["resumable"] and broken.ending["partial"]["sections_completed"] > 0
    guessed = 0.0001  # the last prompt is guessed: over by parts of a cent, as docs/money.md says
    assert 0.9 * budget < cost <= budget + guessed and spent["usage"]["cost_usd"] == pytest.approx(cost)
    assert bought[-1].finished and bought[-1].tokens_sent == bought[-1].body["max_completion_tokens"]
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "budget_usd"
    assert quote["basis"] == "measured" and quote["cost_usd_low"] < quote["cost_usd_high"]
    assert quote["sections_left"] and quote["words_left"] > 0
    assert resumed.status_code == 202 and told.ending is not None
    assert told.ending["type"] == "complete" and told.text == told.ending["story_content"]
    assert whole["budget_usd"] == 1
    assert (whole["input_tokens"], whole["output_tokens"]) == (all_read, all_written)


async def test_cap_that_a_provider_ignores_closes_the_stream(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(
        rules=(Rule(Reply(words=2000, hold_after=900, tokens_per_chunk=1), structured=False),),
        ignores_limits=True,
    )
    run_id = await service.client.start(max_output_tokens=800, keep_length=False)
    told = await service.client.read(run_id)
    usage = (await service.client.run(run_id))["usage"]
    [*_, last] = provider.generations
    await provider.wait_for_disconnect(last)

    assert told.ending is not None and told.ending["code"] == "BUDGET_EXCEEDED"
    assert usage["estimated"] and usage["output_tokens"] <= 801


async def test_large_budget_is_no_limit_that_a_provider_would_refuse(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(most_tokens=4096)
    told = await service.client.read(await service.client.start(budget_usd=1))

    assert told.ending is not None and told.ending["type"] == "complete"
    assert len(provider.generations) == CALLS


async def test_answer_in_a_form_is_broken_off_where_the_budget_ends(
    service: LiveService, provider: FakeProvider
) -> None:
    endless = Reply(text="{i} and on ", words=40_000, hold_after=8000)
    provider.script = Script(rules=(Rule(endless, structured=True),), most_tokens=4096)
    run_id = await service.client.start(max_output_tokens=5000)
    told = await service.client.read(run_id)
    [call] = provider.generations
    await provider.wait_for_disconnect(call)

    assert told.ending is not None and told.ending["code"] == "BUDGET_EXCEEDED"
    assert call.stream and call.tokens_sent == 8000  # the rest was never written


async def test_parallel_sections_share_one_budget(service: LiveService, provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(words=300))
    run_id = await service.client.start(parallel=4, budget_usd=0.008, keep_length=False)
    told = await service.client.read(run_id)

    assert told.ending is not None and told.ending["code"] == "BUDGET_EXCEEDED"
    assert _billed(provider.generations) <= 0.008


async def test_budget_for_a_model_of_unknown_price_is_refused_before_anything_is_spent(
    service: LiveService, provider: FakeProvider
) -> None:
    body = {"format": "story", "input": STORY, "options": {"budget_usd": 1, "model": "openai:gpt-mystery"}}
    refused = await service.client.http.post("/api/v1/runs", json=body)
    query = "theme=the+moon&budget_usd=0&cache=use"
    wrong = await service.client.http.get(f"/api/v1/stories/generate/stream?{query}")

    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "options.budget_usd"
    assert "STORYWIRE_PRICES" in refused.json()["detail"]
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["field"] == "options.budget_usd"
    assert not provider.generations


async def test_calls_that_were_cut_off_are_estimated_and_counted_once_over_cancel_and_resume(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False, nth=2, times=1),))
    run_id = await service.client.start()
    [held] = await provider.wait_for_held()
    await _read_until(service, run_id, section=1)
    await service.client.http.post(f"/api/v1/runs/{run_id}/cancel")
    cancelled = (await service.client.run(run_id))["usage"]
    await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    await service.client.read(run_id)
    usage = (await service.client.run(run_id))["usage"]
    report = await _usage(service)
    ended = [part for part in usage["by"] if not part.get("estimated")]
    read, written = _counted(provider)

    assert cancelled["estimated"] and cancelled["output_tokens"] > 0
    # What came of the call that was held, estimated rather too high than too low.
    assert 0 < usage["output_tokens"] - written <= 60 * 1.1
    assert held.disconnected and len(ended) == CALLS - 1
    assert report["total"]["output_tokens"] == usage["output_tokens"] and report["total"]["estimated"]
    assert report["total"]["input_tokens"] == usage["input_tokens"] > read


async def _waits(service: LiveService, run_id: str) -> bool:
    """Whether the run is told that another one is written for it, or is told a plan of its own."""
    async with aclosing(service.client.frames(run_id)) as frames:
        async for frame in frames:
            match frame.message:
                case ProgressReported() as data if "for another run" in data.message:
                    return True
                case OutlinePlanned():
                    return False
    raise AssertionError("neither")


async def test_ten_identical_requests_at_once_are_written_once(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=5), structured=False, nth=1, times=1),))
    run_ids = await asyncio.gather(*(service.client.start(cache="use") for _ in range(10)))
    await provider.wait_for_held()
    waiting = [run_id for run_id in run_ids if await _waits(service, run_id)]
    await service.client.http.post(f"/api/v1/runs/{waiting[0]}/cancel")
    provider.release()
    told = await asyncio.gather(*(service.client.read(run_id) for run_id in run_ids))
    late = await service.client.start(cache="use")
    view = await service.client.read(late, order="reading", granularity="section")
    again = await service.client.read(late)
    report = await _usage(service)
    whole = [t for t in told if t.ending is not None and t.ending["type"] == "complete"]

    assert len(set(run_ids)) == 10 and len(waiting) == 9 and len(provider.generations) == CALLS
    assert [t.ending and t.ending.get("code") for t in told].count("CANCELLED") == 1 and len(whole) == 9
    assert len({t.text for t in whole}) == 1 and view.text == again.text == whole[0].text
    assert sorted(bool(t.ending and t.ending["cached"]) for t in whole) == [False] + [True] * 8
    assert view.ending is not None and view.ending["cached"] and view.ending["run_id"] == late
    assert view.ending["usage"]["cost_usd"] == 0 and view.ending["usage"]["model"] == "openai:gpt-test"
    assert view.ending["choices"] == whole[0].ending["choices"]  # type: ignore[index]
    assert report["total"]["runs"] == 1


async def test_failed_writer_is_followed_by_one_of_those_who_waited(
    service: LiveService, provider: FakeProvider
) -> None:
    fault = Fault("drop", after=20)
    provider.script = Script(rules=(Rule(Reply(fault=fault), structured=False, nth=1, times=1),))
    run_ids = await asyncio.gather(*(service.client.start(cache="use") for _ in range(3)))
    told = await asyncio.gather(*(service.client.read(run_id) for run_id in run_ids))

    endings = sorted(t.ending["type"] for t in told if t.ending)
    assert endings == ["complete", "complete", "error"]
    assert len(provider.generations) == CALLS + 2


async def test_kept_result_is_refreshed_deleted_and_not_taken_for_another_request(
    service: LiveService, provider: FakeProvider
) -> None:
    async def start(**options: Any) -> tuple[str, bool]:
        run_id = await service.client.start(**options)
        told = await service.client.read(run_id)
        assert told.ending is not None
        return run_id, told.ending["cached"]

    first, _ = await start(cache="use")
    _, off = await start()
    _, other = await start(cache="use", input={**STORY, "theme": "another one"})
    refreshed, fresh = await start(cache="refresh")
    copy, hit = await start(cache="use")
    await service.client.http.delete(f"/api/v1/runs/{first}")
    _, still = await start(cache="use")
    await service.client.http.delete(f"/api/v1/runs/{refreshed}")
    _, gone = await start(cache="use")

    assert (off, other, fresh, hit, still, gone) == (False, False, False, True, True, False)
    assert (await service.client.run(copy))["status"] == "completed"
    assert len(provider.generations) == 5 * CALLS
    version = await service.client.http.post(f"/api/v1/runs/{copy}/versions", json={"section": 0})
    told = await service.client.read(version.json()["run_id"])
    assert told.ending is not None and told.ending["type"] == "complete" and not told.ending["cached"]
    assert len(provider.generations) < 6 * CALLS  # a version of a kept result buys its one section


async def test_budget_of_gemini_is_a_limit_of_its_own_kind(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script = Script(rules=(Rule(Reply(words=2000), structured=False),))
    gemini = {"GOOGLE_API_KEY": "g-test", "GOOGLE_GEMINI_BASE_URL": provider.gemini_url}
    settings = settings_for(provider, tmp_path, model="google_genai:gemini-2.5-flash", **gemini)
    async with serve(settings.model_copy(update={"budget_usd": 0.004})) as service:
        body = {"format": "story", "input": STORY, "options": {"keep_length": False}}
        run = (await service.client.http.post("/api/v1/runs?wait=true", json=body)).json()

    [*_, last] = provider.generations
    assert (run["status"], run["error"]["code"]) == ("failed", "BUDGET_EXCEEDED"), run["error"]
    assert run["options"]["budget_usd"] == 0.004 and 0 < run["usage"]["cost_usd"] <= 0.004
    assert last.finished and last.tokens_sent == last.body["generationConfig"]["maxOutputTokens"]
    assert not run["usage"].get("estimated")
