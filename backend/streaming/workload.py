"""Workload of a run, in words: what is done of it, and what is left."""

from collections.abc import Mapping

from backend.streaming.pace import Pace
from workflows.messages.messages import OutlinePlanned, Slot
from workflows.messages.transcript import Transcript
from workflows.text.words import WordCounter, count_words

_CHECKED = 3 / 90
"""Work of the last check as a share of all writing, where no earlier run was measured; it is 3 percent of the bar."""
_ADDED = 1 / 90
"""The same of each step after it."""
_CHECKING_SHARE = 0.01
"""About how long checks take, as a share of the time of all writing."""
STEPS = ("safety_check", "derive", "calculate_metrics")
"""What is left when all is written."""


class Workload:
    """Words of sections, of pieces, of facts and of judges, against those that are planned.

    A section or piece that is finished counts whole, however long it came out.
    """

    def __init__(self, pieces: Mapping[str, int], facts_words: int, pace: Pace) -> None:
        """`pieces`: the words of each text that is made beside the sections, by name; `facts_words`: those of the facts
        that are gathered before the first section. `pace`: how long checks take beside the writing."""
        self._pieces = dict(pieces)
        self._facts_words = facts_words
        self._pace = pace
        self._words: dict[Slot, int] = {}
        self._counters: dict[Slot, WordCounter] = {}
        self._targets: dict[int, int] = {}
        self._finished: set[Slot] = set()
        self._judged: set[Slot] = set()
        self._steps: set[str] = set()
        self._has_facts = not facts_words

    def recall(self, transcript: Transcript) -> None:
        """What earlier attempts logged."""
        slots: list[Slot] = [*transcript.started, *transcript.pieces]
        self._words = {slot: count_words(transcript.text_of(slot)) for slot in slots}
        self._finished = {slot for slot in slots if transcript.is_finished(slot)}
        self._judged = {*transcript.finished}
        self._has_facts = self._has_facts or transcript.facts is not None or bool(transcript.finished)

    def plan(self, outline: OutlinePlanned) -> None:
        """The sections are these."""
        self._targets = {section["index"]: section["target_words"] for section in outline.sections}

    def gather(self) -> bool:
        """The facts are there, or the text that is written from them begins. Whether that is new."""
        is_new, self._has_facts = not self._has_facts, True
        return is_new

    def write(self, slot: Slot, chunk: str, *, is_complete: bool) -> None:
        """More text of a section or piece."""
        # A token is often a part of a word.
        words = self._counters.setdefault(slot, WordCounter()).feed(chunk)
        self._words[slot] = self._words.get(slot, 0) + words
        if is_complete:
            self._finished.add(slot)

    def judge(self, section: int) -> None:
        """A judge has read the section."""
        self._judged.add(section)

    def end(self, step: str) -> None:
        """A step after the writing is over."""
        self._steps.add(step)

    def take_back(self, slot: Slot) -> float:
        """A section or piece is written again, and checked again. Returns the work that is lost."""
        before = self.done()
        self._words.pop(slot, None)
        self._counters.pop(slot, None)
        self._finished.discard(slot)
        self._judged.discard(slot)
        self._steps.discard("safety_check")
        return before - self.done()

    @property
    def words(self) -> int:
        """Words of the sections so far."""
        return sum(words for slot, words in self._words.items() if isinstance(slot, int))

    @property
    def target(self) -> int:
        """Words that the sections are to have."""
        return sum(self._targets.values())

    def total(self) -> float:
        """Work of all writing, with that of its judges."""
        beside = sum(self._pieces.values()) + self._facts_words
        return self.target * (1 + (self._pace.judging or 0)) + beside

    def done(self) -> float:
        """Work of the plan that is done."""
        facts = self._facts_words if self._has_facts else 0
        judged = sum(words for slot, words in self._targets.items() if slot in self._judged)
        written = sum(self._written(slot, words) for slot, words in self._targets.items())
        pieces = sum(self._written(name, words) for name, words in self._pieces.items())
        return facts + pieces + written + judged * (self._pace.judging or 0)

    def share_done(self) -> float:
        """The same as a share of all work."""
        total = self.total()
        return self.done() / (total * (1 + self._checking() + 2 * _ADDED)) if total else 0.0

    def left(self) -> float:
        """Work that is left; the checks as much as their part of the bar is."""
        waiting = [
            self._checking() if step == "safety_check" else _ADDED
            for step in STEPS
            if step not in self._steps
        ]
        return self.total() * (1 + sum(waiting)) - self.done()

    def left_by_time(self) -> float:
        """Work that is left; the checks as much as the time that they take."""
        share = _CHECKING_SHARE if self._pace.check_share is None else self._pace.check_share
        is_open = "safety_check" not in self._steps or self._pace.check_share is None
        return self.total() * (1 + (share if is_open else 0)) - self.done()

    def _checking(self) -> float:
        return _CHECKED if self._pace.check_share is None else self._pace.check_share

    def _written(self, slot: Slot, target: int) -> int:
        return target if slot in self._finished else min(target, self._words.get(slot, 0))
