"""Which processes are alive, by a lock that the system takes back."""

from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from backend.runs.engine.liveness import Presence


def test_presence_of_a_running_process_is_seen_by_others_and_itself(tmp_path: Path) -> None:
    here, there = Presence(tmp_path), Presence(tmp_path)
    assert here.id != there.id
    for one in (here, there):
        for other in (here, there):
            assert one.is_alive(other.id)
    here.leave()
    there.leave()


def test_presence_of_a_process_that_left_is_over_and_leaves_nothing_behind(tmp_path: Path) -> None:
    here, there = Presence(tmp_path), Presence(tmp_path)
    there.leave()
    assert not here.is_alive(there.id)
    here.leave()
    assert list(tmp_path.iterdir()) == []


def test_presence_of_a_process_that_was_killed_is_over_and_its_lock_is_cleared(tmp_path: Path) -> None:
    here = Presence(tmp_path)
    killed = tmp_path / "01J00000000000000000000000.lock"
    killed.touch()  # a lock that is held by nobody any more
    assert not here.is_alive(killed.stem)
    assert not killed.exists()
    assert not here.is_alive(killed.stem)
    here.leave()


def test_presence_asked_about_again_and_again_does_not_lose_its_lock(tmp_path: Path) -> None:
    here, there = Presence(tmp_path), Presence(tmp_path)
    assert [here.is_alive(there.id) for _ in range(5)] == [True] * 5
    with pytest.raises(Timeout):
        FileLock(tmp_path / f"{there.id}.lock").acquire(timeout=0)
    here.leave()
    there.leave()


def test_presence_of_a_process_that_never_was_is_none(tmp_path: Path) -> None:
    here = Presence(tmp_path / "made" / "when needed")
    assert not here.is_alive("01J00000000000000000000009")
    here.leave()
