"""No search of the safety rules keeps the interpreter to itself for long: other threads, and with them the event
loop, have their turn within a few milliseconds, whatever the text is."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from workflows.safety.check import check_input, check_text
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.rules import find, find_blocked
from workflows.safety.words import lexicon
from workflows.safety.words.lexicon import without_prefix

_POLICY = load_policy("child", 7)
_SIZE = 200_000
_HOLD_SECONDS = 0.08
"""Of the processor, of which a search over the whole of such a text took 0.17 and more."""


def longest_hold(work: Callable[[], object]) -> float:
    """The most processor time that the thread of `work` took between two turns of this one."""
    worker = threading.Thread(target=work)
    times = [0.0]
    worker.start()
    clock = time.pthread_getcpuclockid(worker.ident or 0)
    while worker.is_alive():
        time.sleep(0.001)
        try:
            times.append(time.clock_gettime(clock))
        except OSError:
            break
    return max((after - before for before, after in pairwise(times)), default=0.0)


@pytest.mark.soak  # it looks at the clock
@pytest.mark.parametrize("unit", ["a ", ".", "k i l l ", "a,", '"a', "a\u200b", "<b>k</b>", "a"])
def test_check_of_a_long_text_gives_other_threads_their_turn(unit: str) -> None:
    text = (unit * _SIZE)[:_SIZE]
    check_text(_POLICY, "Warm.")
    check_input(_POLICY, {"text": "Warm."})
    for work in (lambda: check_text(_POLICY, text), lambda: check_input(_POLICY, {"text": text})):
        holds: list[float] = []
        while len(holds) < 3 and min(holds, default=1.0) >= _HOLD_SECONDS:
            holds.append(longest_hold(work))
        assert min(holds) < _HOLD_SECONDS


def test_windows_of_a_long_text_split_no_words() -> None:
    assert find(_POLICY, "Skilled hands. " * 2000) == []
    assert all(find(_POLICY, "x" * length + " skills" * 3000) == [] for length in range(8))


@pytest.mark.parametrize("place", range(3500, 4100, 7))
def test_phrase_over_the_end_of_a_window_is_found(place: int) -> None:
    text = ("She ran home. " * 600)[:place] + " he slit her throat and left. " + "She ran home. " * 600
    assert find_blocked(_POLICY, text) is not None


def test_prefixes_of_a_word_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def record(word: str) -> list[str]:
        seen.append(word)
        return without_prefix(word)

    monkeypatch.setattr(lexicon, "without_prefix", record)
    policy = load_policy("child", 7).model_copy(deep=True)
    policy.__dict__.pop("_lexicons", None)
    find(policy, "אב " * 500)

    assert len(seen) < 50
