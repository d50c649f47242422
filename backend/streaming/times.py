"""Times and words of a run, of which its pace is reckoned."""

from typing import Any

from workflows.messages.messages import Slot
from workflows.text.words import count_words


class Times:
    """Times at which sections were begun, ended and judged; seconds."""

    def __init__(self) -> None:
        self.checking: float | None = None
        self.deriving: float | None = None
        self._begun: dict[Slot, float] = {}
        self._ended: dict[Slot, float] = {}
        self._judged: dict[Slot, float] = {}

    def write(self, slot: Slot, now: float, *, is_last: bool) -> None:
        """More text of a section or a piece."""
        self._begun.setdefault(slot, now)
        if is_last:
            self._ended[slot] = now

    def judge(self, slot: Slot, now: float) -> tuple[float, float] | None:
        """What all judges of sections took, and the writing of the same ones; None for one that isn't finished."""
        if slot not in self._ended:
            return None
        self._judged.setdefault(slot, now)
        slots = self._judged.keys() & self._ended.keys()
        judging = sum(self._judged[one] - self._ended[one] for one in slots)
        return judging, sum(self._ended[one] - self._begun[one] for one in slots)

    def forget(self, slot: Slot) -> None:
        """The section or piece is written again."""
        for times in (self._begun, self._ended, self._judged):
            times.pop(slot, None)


def words_in(value: Any) -> int:
    """The words of all texts in plain data."""
    if isinstance(value, str):
        return count_words(value)
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(words_in, items))
