"""Commands on runs, with real parts and a format that writes without a model."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from backend.runs.admission.allowed_models import AllowedModels, AllowList, allowing
from backend.runs.requests import VersionRequest
from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from backend.store.owner import Owner
from backend.store.runs.runs import Run
from backend.store.sql.database import Database
from tests.unit.messages import error
from tests.unit.run_messages import read_messages
from tests.unit.stored_runs import add_run, change_run
from tests.unit.worlds import OWNER, World, open_world
from workflows.errors import (
    Conflict,
    InvalidInput,
    ModelRateLimited,
    NotFound,
    Overloaded,
    QuotaExceeded,
    StorywireError,
)
from workflows.messages.messages import MetricsCalculated, ProgressReported, RunCompleted
from workflows.models.budget.ledger import Caps


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database, tmp_path, max_runs=12) as opened:
        yield opened


async def whole(world: World, run: Run) -> Run:
    """The run when it is over here."""
    await world.end(run.id)
    return await world.queries.find(OWNER, run.id)


async def test_start_stores_the_run_and_executes_it(world: World) -> None:
    run, is_new = await world.service.start(OWNER, world.request())
    done = await whole(world, run)
    assert is_new and run.status == "running" and run.process == world.engine.process
    assert done.status == "completed" and done.result is not None and done.section_count == 2
    assert done.result.story_content == (await world.queries.transcript(done)).text


async def test_start_with_a_key_starts_one_run_however_often_it_comes_and_refuses_another_request(
    world: World,
) -> None:
    request = replace(world.request(), idempotency_key="k")
    started = await asyncio.gather(*(world.service.start(OWNER, request) for _ in range(5)))
    assert len({run.id for run, _ in started}) == 1 and sum(is_new for _, is_new in started) == 1
    with pytest.raises(Conflict, match="another request"):
        await world.service.start(OWNER, replace(request, input={"about": "the moon"}))


async def test_start_that_is_refused_stores_nothing(world: World) -> None:
    refusals: list[tuple[object, type[StorywireError]]] = [
        (replace(world.request(), format="song"), InvalidInput),
        (replace(world.request(), input={}), InvalidInput),
        (world.request(model="nobody:nothing"), InvalidInput),
    ]
    for request, refusal in refusals:
        with pytest.raises(refusal):
            await world.service.start(OWNER, request)  # type: ignore[arg-type]
    world.engine.stop_accepting()
    with pytest.raises(Overloaded):
        await world.service.start(OWNER, world.request())
    assert await world.queries.page(OWNER, limit=9) == []


async def test_resume_goes_on_after_the_last_finished_section(world: World) -> None:
    world.format.faults[1] = [ModelRateLimited("Slow down.")]
    run, _ = await world.service.start(OWNER, world.request())
    assert (await whole(world, run)).status == "failed"
    resumed = await world.service.resume(OWNER, run.id, Caps(max_output_tokens=9000))
    done = await whole(world, run)
    assert resumed.status == "running" and done.status == "completed"
    assert done.options.max_output_tokens == 9000 and world.format.written == [0, 1, 1]


async def test_commands_that_do_not_fit_the_state_of_a_run_are_conflicts(world: World) -> None:
    run, _ = await world.service.start(OWNER, world.request())
    done = await whole(world, run)
    for command in (
        world.service.cancel(OWNER, run.id),
        world.service.resume(OWNER, run.id),
        world.service.answer(
            OWNER,
            run.id,
            {"title": "T", "sections": [{"index": 0, "title": "A", "summary": "B", "target_words": 30}]},
        ),
    ):
        with pytest.raises(Conflict):
            await command
    hopeless = await change_run(
        world.repository,
        await add_run(world.repository, format="note", status="failed"),
        error=error().model_copy(update={"resumable": False}),
    )
    with pytest.raises(Conflict, match="can't go on"):
        await world.service.resume(OWNER, hopeless.id)
    with pytest.raises(NotFound):
        await world.service.cancel(Owner("noa"), done.id)


async def test_new_version_writes_one_section_anew_and_takes_the_others_over(world: World) -> None:
    run, _ = await world.service.start(OWNER, world.request())
    first = await whole(world, run)
    version, _ = await world.service.new_version(OWNER, run.id, VersionRequest(section=1))
    second = await whole(world, version)
    assert world.format.written == [0, 1, 1]
    assert second.parent_run_id == second.root_run_id == run.id and first.result and second.result
    assert second.result.sections[0] == first.result.sections[0]

    revised, _ = await world.service.new_version(OWNER, version.id, VersionRequest(0, "Tell of ships."))
    third = await whole(world, revised)
    assert third.result and "ships" in third.result.sections[0].text and third.root_run_id == run.id
    assert [each.id for each in await world.queries.versions(OWNER, version.id)] == [
        run.id,
        version.id,
        revised.id,
    ]
    with pytest.raises(InvalidInput, match="sections 0 to 1"):
        await world.service.new_version(OWNER, run.id, VersionRequest(section=2))


async def test_cancel_twice_is_harmless_and_keeps_the_text(world: World) -> None:
    world.format.gates[1] = asyncio.Event()
    run, _ = await world.service.start(OWNER, world.request())
    await world.format.begun[1].wait()
    cancelled = [await world.service.cancel(OWNER, run.id) for _ in range(2)]
    assert [each.status for each in cancelled] == ["cancelled"] * 2
    assert "Section 0" in (await world.queries.transcript(cancelled[0])).text


async def test_delete_removes_a_run_that_goes_on_with_all_that_there_is_of_it(world: World) -> None:
    world.format.gates[0] = asyncio.Event()
    run, _ = await world.service.start(OWNER, world.request())
    await world.format.begun[0].wait()
    await world.service.delete(OWNER, run.id)
    assert await world.repository.get(run.id) is None and await world.log.read(run.id) == []
    assert not [each async for each in world.checkpoints.alist({"configurable": {"thread_id": run.id}})]


async def test_delete_removes_also_a_run_that_can_not_be_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(run: Run) -> None:
        raise Overloaded(f"{run.id} goes from process to process")

    world.format.gates[0] = gate = asyncio.Event()
    run, _ = await world.service.start(OWNER, world.request())
    await world.format.begun[0].wait()
    monkeypatch.setattr(world.engine, "cancel", refuse)
    await world.service.delete(OWNER, run.id)
    gate.set()
    await world.end(run.id)
    assert await world.repository.get(run.id) is None and await world.log.read(run.id) == []


async def test_equal_requests_at_once_with_a_quota_of_one_are_one_run_and_as_many_live_streams(
    database: Database, tmp_path: Path
) -> None:
    async with open_world(database, tmp_path, max_runs=12, monthly=1) as world:
        gate = world.format.gates[1] = asyncio.Event()
        started = await asyncio.gather(
            *(world.service.start(OWNER, world.request(cache="use")) for _ in range(10))
        )
        runs = [run for run, _ in started]
        await world.format.begun[1].wait()
        async with asyncio.timeout(20):
            for run in runs:  # before the one that is written has landed
                while "Section 1" not in (await world.queries.transcript(run)).text:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        with pytest.raises(QuotaExceeded):
            await world.service.start(OWNER, replace(world.request(cache="use"), input={"about": "the moon"}))
        gate.set()
        done = [await whole(world, run) for run in runs]
        late, _ = await world.service.start(OWNER, world.request(cache="use"))
        kept = await whole(world, late)

        assert world.format.written == [0, 1]
        assert {run.status for run in [*done, kept]} == {"completed"}
        results = [run.result for run in [*done, kept] if run.result]
        assert sorted(result.cached for result in results) == [False] + [True] * 10
        assert len({result.sha256 for result in results}) == 1
        assert {result.run_id for result in results} == {run.id for run in [*runs, late]}
        assert all(run.plan == done[0].plan for run in [*done, kept])
        assert (await world.quota.usage(OWNER, "note")).used == 1
        follower = next(run for run in done if run.source_run_id)
        messages = await read_messages(world.log, follower.id)
        waits = [each for each in messages if isinstance(each, ProgressReported)]
        assert "for another run" in waits[0].message and waits[-1].percent == 100
        assert [isinstance(each, MetricsCalculated) for each in messages].count(True) == 1


async def test_follower_of_a_run_that_broke_writes_in_its_place_from_the_beginning(world: World) -> None:
    world.format.gates[1] = gate = asyncio.Event()
    world.format.faults[1] = [ModelRateLimited("Slow down.")]
    leader, _ = await world.service.start(OWNER, world.request(cache="use"))
    followers = [(await world.service.start(OWNER, world.request(cache="use")))[0] for _ in range(2)]
    await world.format.begun[1].wait()
    gate.set()
    done = [await whole(world, run) for run in followers]
    assert (await whole(world, leader)).status == "failed"
    assert [run.status for run in done] == ["completed"] * 2
    assert sorted(run.result.cached for run in done if run.result) == [False, True]
    assert world.format.written == [0, 1, 0, 1]
    for run in done:
        assert run.result and (await world.queries.transcript(run)).text == run.result.story_content


async def test_follower_that_is_resumed_follows_again_and_costs_nothing(world: World) -> None:
    gate = world.format.gates[1] = asyncio.Event()
    leader, _ = await world.service.start(OWNER, world.request(cache="use"))
    follower, _ = await world.service.start(OWNER, world.request(cache="use"))
    await world.format.begun[1].wait()
    await world.service.cancel(OWNER, follower.id)
    resumed = await world.service.resume(OWNER, follower.id)
    gate.set()
    done = await whole(world, resumed)
    assert resumed.source_run_id == leader.id and done.result and done.result.cached
    assert world.format.written == [0, 1] and (await world.quota.usage(OWNER, "note")).used == 1


async def test_version_has_what_the_input_referred_to_when_its_text_was_written(world: World) -> None:
    run, _ = await world.service.start(OWNER, world.request())
    await whole(world, run)
    assert len(world.format.resolved) == 1
    version, _ = await world.service.new_version(OWNER, run.id, VersionRequest(section=1))
    assert (await whole(world, version)).status == "completed" and len(world.format.resolved) == 1


async def test_follower_of_a_run_that_was_deleted_writes_itself(world: World) -> None:
    gate = world.format.gates[1] = asyncio.Event()
    leader, _ = await world.service.start(OWNER, world.request(cache="use"))
    follower, _ = await world.service.start(OWNER, world.request(cache="use"))
    await world.format.begun[1].wait()
    await world.service.delete(OWNER, leader.id)
    gate.set()
    done = await whole(world, follower)
    assert done.status == "completed" and done.result and not done.result.cached


async def test_followers_of_a_leader_that_was_killed_or_drained_buy_nothing_after_a_restart(
    database: Database, tmp_path: Path
) -> None:
    checkpoints = MemoryCheckpoints()
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(open_world(database, tmp_path, checkpoints=checkpoints))
        first.format.gates[1] = asyncio.Event()
        leader, _ = await first.service.start(OWNER, first.request(cache="use"))
        followers = [(await first.service.start(OWNER, first.request(cache="use")))[0] for _ in range(3)]
        await first.format.begun[1].wait()
        await first.engine.drain(0.05)
        second = await stack.enter_async_context(open_world(database, tmp_path, checkpoints=checkpoints))
        assert await second.recovery.recover() == 4
        done = [await whole(second, run) for run in (leader, *followers)]

    assert [run.status for run in done] == ["completed"] * 4
    assert second.format.written == [1]  # what was under way
    results = [run.result for run in done if run.result]
    assert [result.cached for result in results] == [False, True, True, True]
    assert len({result.sha256 for result in results}) == 1


async def test_kept_result_whose_log_can_not_be_read_is_not_told_and_the_run_is_written(world: World) -> None:
    kept, _ = await world.service.start(OWNER, world.request(cache="use"))
    await whole(world, kept)
    epoch = await world.log.take_over(kept.id)
    entries = await world.log.read(kept.id)
    odd = entries[-1]._replace(seq=entries[-1].seq + 1, type="song", data=b'{"type":"song","data":{}}')
    await world.log.append(kept.id, epoch, [odd])
    torn = entries[-1]._replace(
        seq=odd.seq + 1, type="retract", data=b'{"type":"retract","data":{"section":1,"reason":"later"}}'
    )
    ending = entries[-1]._replace(seq=torn.seq + 1)
    await world.log.append(kept.id, epoch, [torn, ending])
    world.log.let_go(kept.id)
    again, _ = await world.service.start(OWNER, world.request(cache="use"))
    done = await whole(world, again)

    assert again.source_run_id == kept.id and done.status == "completed"
    assert done.result and not done.result.cached and world.format.written == [0, 1, 0, 1]
    assert "source_not_copied" in [line["event"] for line in world.logged]
    assert isinstance((await read_messages(world.log, again.id))[-1], RunCompleted)


async def test_model_that_the_caller_may_not_use_writes_nothing_more(world: World) -> None:
    """Whoever starts, resumes, answers or rewrites: the refusal comes before anything is stored or spent."""
    run, _ = await world.service.start(OWNER, world.request())
    done = await whole(world, run)
    world.format.faults[1] = [ModelRateLimited("Slow down.")]
    failed, _ = await world.service.start(OWNER, world.request())
    assert (await whole(world, failed)).status == "failed"
    asking, _ = await world.service.start(OWNER, world.request(review_outline=True))
    assert (await whole(world, asking)).status == "waiting"
    written = list(world.format.written)
    plan = {"title": "T", "sections": [{"index": 0, "title": "A", "summary": "B", "target_words": 30}]}
    with allowing(AllowedModels((AllowList("API key", ("groq:nothing*",)),))):
        for command in (
            world.service.start(OWNER, world.request(model=done.model)),
            world.service.start(OWNER, world.request()),
            world.service.resume(OWNER, failed.id),
            world.service.answer(OWNER, asking.id, plan),
            world.service.new_version(OWNER, done.id, VersionRequest()),
        ):
            with pytest.raises(
                InvalidInput, match=r"options\.model: .* for this API key; allowed: groq:nothing"
            ):
                await command
    assert world.format.written == written and len(await world.queries.page(OWNER, limit=9)) == 3
    assert (await world.service.resume(OWNER, failed.id)).status == "running"
