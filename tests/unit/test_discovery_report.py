"""The discovery report's parts: profile, notes on a field, review, quota."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.runs.admission.quota import Quota
from backend.store.runs import RunRepository, new_run
from backend.store.sqlite import SqliteDatabase
from tests.unit.stored_runs import add_run, run_values
from workflows.errors import Conflict, InvalidInput, QuotaExceeded
from workflows.formats.discovery_report.areas import AreaError, AreaRegistry
from workflows.formats.discovery_report.format import DiscoveryReportFormat
from workflows.formats.discovery_report.profile import profile_key
from workflows.models.spec import ModelSpec
from workflows.state import Section, State

REPORT = DiscoveryReportFormat()
IDEAS = "What moves.\n\n1. A club. It meets.\n\n2. A book. It sells.\n\n3) A tour. It goes."


def key(**change: Any) -> str:
    return profile_key(REPORT.parse({**REPORT.example, **change}))


def area(field: str, corner: str | None = None) -> str:
    return REPORT.areas.find(
        REPORT.parse({**REPORT.example, "interest_area": field, "sub_interest_area": corner})
    ).name


async def findings(ideas: str, advice: str) -> list[str]:
    texts = ["You teach.", ideas, advice]
    state = State(sections={index: Section(index=index, text=text) for index, text in enumerate(texts)})
    model: Any = None  # the review asks none
    return [found["rule"] for found in await REPORT.review(REPORT.parse(REPORT.example), state, model)]


# The profile.


@pytest.mark.parametrize(
    "change",
    [
        {"interest_area": "  EDUCATION. "},
        {"skill_strength": ["Writing", "teaching"]},
        {"skill_strength": "writing,  Teaching"},
        {"founder_psychology": {"Setbacks": "patient", "risk": "Careful, wants to keep  the day job"}},
        {"work_style": "Alone first,\nclose to customers"},
    ],
)
def test_profile_that_is_only_typed_otherwise_has_the_same_key(change: dict[str, Any]) -> None:
    assert key(**change) == key()


@pytest.mark.parametrize(
    "change",
    [
        {"budget_range": "Under 20,000 euros"},
        {"skill_strength": ["teaching"]},
        {"sub_interest_area": None},
        {"founder_psychology": "careful"},
        {"language": "de"},
    ],
)
def test_profile_that_means_something_else_has_another_key(change: dict[str, Any]) -> None:
    assert key(**change) != key()


def test_report_may_be_answered_from_an_earlier_run_and_needs_a_larger_model() -> None:
    given = REPORT.parse(REPORT.example)
    assert REPORT.default_cache == "use" and REPORT.cache_key(given) == key()
    with pytest.raises(InvalidInput, match=r"options\.model"):
        REPORT.check_model(given, ModelSpec("embedded", "any"))


@pytest.mark.parametrize(
    ("change", "field"),
    [({"skill_strength": []}, "skill_strength"), ({"goal_type": ""}, "goal_type"), ({"age": 7}, "age")],
)
def test_profile_that_is_wrong_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        REPORT.parse({**REPORT.example, **change})
    assert [error.field for error in refused.value.errors] == [f"input.{field}"]


# Notes on a field.


@pytest.mark.parametrize(
    ("field", "corner", "name"),
    [
        ("Education", None, "education"),
        ("Teaching kids to code", None, "education"),
        ("AI tools", "for dentists", "software_ai"),
        ("renewable energies", "solar roofs", "energy_climate"),
        ("Podcasts and newsletters", None, "media_creators"),
        ("Food", "vegan baking", "food"),
        ("Dog grooming", "dogs", "commerce_crafts"),
        ("Dice", None, "general"),
    ],
)
def test_notes_are_those_of_the_field(field: str, corner: str | None, name: str) -> None:
    assert area(field, corner) == name


def test_notes_of_ones_own_are_taken_and_wrong_ones_are_refused_with_their_file(tmp_path: Path) -> None:
    (tmp_path / "dice.toml").write_text('title = "Dice"\nnotes = "Roll them."', encoding="utf-8")
    own = DiscoveryReportFormat(AreaRegistry(tmp_path))
    assert own.areas.find(own.parse({**own.example, "interest_area": "dice"})).notes == "Roll them."
    assert {"dice", "general", "education"} <= set(own.areas.names())
    (tmp_path / "dice.toml").write_text('title = "Dice"', encoding="utf-8")
    with pytest.raises(AreaError, match=r"dice\.toml: notes: Field required"):
        AreaRegistry(tmp_path)


# The review.


async def test_review_of_a_report_that_has_ideas_and_is_about_the_person_finds_nothing() -> None:
    assert await findings(IDEAS, "Since you have taught adults, start there.") == []


async def test_review_wants_ideas_and_something_of_the_person() -> None:
    assert await findings("Some ideas come to mind.", "Work hard.") == ["ideas", "personal"]


# The quota.

NOW = datetime(2026, 12, 15, 12, tzinfo=UTC)
QUOTA = {"discovery_report": 2}


async def report(repository: RunRepository, **values: Any) -> None:
    fresh = {"format": "discovery_report", "created_at": NOW, **values, "status": "running"}
    run = await add_run(repository, **fresh)
    await repository.update(run.id, **{"status": "completed", **values})


async def test_quota_counts_what_was_paid_for_this_month_by_this_owner(repository: RunRepository) -> None:
    for values in (
        {},
        {"status": "running"},
        {"status": "cancelled", "words": 100},
        # These don't count.
        {"status": "cancelled"},
        {"status": "failed", "words": 100},
        {"result": {"cached": True}},
        {"created_at": NOW - timedelta(days=15)},
        {"owner": "noa"},
        {"format": "story"},
    ):
        await report(repository, **values)
    usage = await Quota(repository, QUOTA, lambda: NOW).usage("maya", "discovery_report")
    assert (usage.used, usage.quota, usage.resets_at) == (3, 2, datetime(2027, 1, 1, tzinfo=UTC))


async def take(quota: Quota, repository: RunRepository, **values: Any) -> bool:
    """Whether there was a seat for one more report."""
    run = new_run(run_values(format="discovery_report", created_at=NOW, **values))
    try:
        with quota.seat(run) as limit:
            return await repository.add(asdict(run), limit) is not None
    except QuotaExceeded as error:
        assert error.retry_after == 16.5 * 86400
        return False


async def test_quota_gives_its_last_seat_once_and_says_when_to_come_back(repository: RunRepository) -> None:
    quota = Quota(repository, QUOTA, lambda: NOW)
    took = await asyncio.gather(*(take(quota, repository) for _ in range(4)))
    assert sorted(took) == [False, False, True, True]
    assert await take(quota, repository, owner="noa")
    with quota.seat(new_run(run_values(format="story"))) as limit:
        assert limit is not None and limit.most is None


async def test_quota_gives_its_last_seat_once_to_processes_that_ask_at_once(
    repository: RunRepository, tmp_path: Path
) -> None:
    other = SqliteDatabase(f"sqlite:///{tmp_path / 'storywire.db'}")
    processes = (repository, RunRepository(other))
    takings = [take(Quota(each, QUOTA, lambda: NOW), each) for each in processes * 4]
    assert sorted(await asyncio.gather(*takings)) == [False] * 6 + [True] * 2
    await other.close()


@pytest.mark.parametrize(
    ("ended", "goes_on"),
    [
        ({"status": "cancelled", "words": 100}, True),  # it counts already
        ({"status": "cancelled"}, False),
        ({"status": "failed", "words": 100}, False),
    ],
)
async def test_run_that_goes_on_takes_a_seat_unless_it_has_one(
    repository: RunRepository, ended: dict[str, Any], goes_on: bool
) -> None:
    quota = Quota(repository, {"discovery_report": 1}, lambda: NOW)
    run = await add_run(repository, format="discovery_report", created_at=NOW)
    await repository.update(run.id, **ended)
    assert await take(quota, repository) is not goes_on

    async def claim() -> bool:
        stopped = await repository.find(run.owner, run.id)
        assert stopped is not None
        with quota.seat(stopped) as limit:
            return await repository.claim(stopped, "p", afresh=True, limit=limit)

    if goes_on:
        assert await claim()
    else:
        with pytest.raises(QuotaExceeded):
            await claim()
    after = await repository.find(run.owner, run.id)
    assert after is not None and after.status == ("running" if goes_on else ended["status"])


async def test_run_of_a_month_that_is_over_and_full_is_told_to_be_started_anew(
    repository: RunRepository,
) -> None:
    quota = Quota(repository, {"discovery_report": 1}, lambda: NOW + timedelta(days=31))
    run = await add_run(repository, format="discovery_report", created_at=NOW)
    await repository.update(run.id, status="failed")
    await report(repository)
    failed = await repository.find(run.owner, run.id)
    assert failed is not None
    with pytest.raises(Conflict, match="2026-12"), quota.seat(failed) as limit:
        await repository.claim(failed, "p", afresh=True, limit=limit)


async def test_run_that_is_likely_to_be_answered_takes_no_seat_until_it_is_written(
    repository: RunRepository,
) -> None:
    quota = Quota(repository, {"discovery_report": 1}, lambda: NOW)
    run = new_run(run_values(format="discovery_report", created_at=NOW))
    with quota.seat(run, answered=True) as limit:
        assert limit is None
    await repository.add(asdict(run), limit)
    assert (await quota.usage("maya", "discovery_report")).used == 0
    assert await take(quota, repository)
    with pytest.raises(QuotaExceeded):
        await quota.charge(run)
    await quota.charge(run)  # once is enough: whoever was refused ends
    assert (await quota.usage("maya", "discovery_report")).used == 2
