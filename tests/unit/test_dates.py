"""What day a prompt says that it is."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from backend.timezones import check_timezone, local_date
from workflows.errors import InvalidInput
from workflows.prompts import Prompts, dated, today


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        (None, date(2026, 3, 1)),
        ("UTC", date(2026, 3, 1)),
        ("Pacific/Auckland", date(2026, 3, 2)),
        ("America/Los_Angeles", date(2026, 3, 1)),
        ("No/Where", date(2026, 3, 1)),
    ],
)
def test_date_of_a_run_is_that_of_its_readers_time_zone(zone: str | None, day: date) -> None:
    assert local_date(datetime(2026, 3, 1, 18, tzinfo=UTC), zone) == day
    assert local_date(datetime(2026, 3, 1, 18), zone) == day


@pytest.mark.parametrize(
    "name", ["Europe/Atlantis", "Europe", "", "../x", "localtime", "posixrules", "Factory"]
)
def test_time_zone_that_there_is_not_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"there is no time zone {name!r}; give an IANA name"):
        check_timezone(name)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Asia/Jerusalem"])
def test_time_zone_is_known_by_its_iana_name(name: str) -> None:
    assert check_timezone(name) == name


def test_every_prompt_knows_the_date_of_its_run(tmp_path: Path) -> None:
    (tmp_path / "news.md").write_text("Today is {{ today() }}.\n---\nGo.", encoding="utf-8")
    prompts = Prompts(tmp_path)
    with dated("2024-02-29"):
        assert prompts.messages("news")[0].content == "Today is Thursday, 29 February 2024."
    now = datetime.now(UTC)
    assert f"{now.day} " in today() and str(now.year) in today()


def test_day_that_there_is_not_is_refused_by_name() -> None:
    with (
        pytest.raises(InvalidInput, match=r"context\.today: there is no day '2026-02-30'"),
        dated("2026-02-30"),
    ):
        pass
