"""Work of a run: of its facts, sections, pieces and judges, and of the steps after them; done, and left.

Its unit is a word that one call writes. Sections that are written at once count by what is written one after another:
four equal sections, three at a time, are the work of two.
"""

from collections.abc import Iterable
from heapq import heapify, heapreplace

from backend.streaming.pace import Forecast, Pace
from workflows.messages.messages import Slot
from workflows.messages.transcript import Transcript
from workflows.text.words import WordCounter, count_words

_CHECKED = 1 / 90
"""Part of the bar that is kept for the last check, as a share of all writing, where no earlier run was measured."""
_ADDED = 1 / 90
"""The same of each step after it."""
_HELD = 250
"""Words of a section that a reader may wait for while they are there: a landing is told when it is whole."""
_SECTIONS = 4
"""Sections of a text, before they are planned."""
_STEPS = ("safety_check", "derive", "calculate_metrics")
"""What is left when all is written."""


class Workload:
    """Work done against work to do. A section or piece that is finished counts whole, however long it came out."""

    def __init__(self, forecast: Forecast, pace: Pace) -> None:
        self._forecast = forecast
        self._pace = pace
        self._counters: dict[Slot, WordCounter] = {}
        self._steps: set[str] = set()
        self.words: dict[Slot, int] = {}
        self.targets: dict[Slot, int] = {}
        """Words of each section, by the plan."""
        self.finished: set[Slot] = set()
        self.judged: set[Slot] = set()
        self.facts_words = max(1, round(forecast.facts * (pace.facts or 1))) if forecast.facts else 0
        self.has_facts = False

    def recall(self, transcript: Transcript) -> None:
        """Takes in what earlier attempts logged."""
        slots: list[Slot] = [*transcript.started, *transcript.pieces]
        self.words = {slot: count_words(transcript.text_of(slot)) for slot in slots}
        self.finished = {slot for slot in slots if transcript.is_finished(slot)}
        self.judged = set(transcript.finished)
        self.has_facts = transcript.facts is not None or bool(transcript.finished)

    def append(self, slot: Slot, chunk: str, *, is_last: bool) -> None:
        """More text of a section or piece."""
        # A token is often a part of a word.
        words = self._counters.setdefault(slot, WordCounter()).feed(chunk)
        self.words[slot] = self.words.get(slot, 0) + words
        if is_last:
            self.finished.add(slot)

    def take_back(self, slot: Slot) -> None:
        """The section or piece is written again, and checked again."""
        self.words.pop(slot, None)
        self._counters.pop(slot, None)
        self.finished.discard(slot)
        self.judged.discard(slot)
        self._steps.discard("safety_check")

    def take_step(self, node: str) -> None:
        """A step of the graph is done."""
        self._steps.add(node)

    @property
    def target(self) -> int:
        """Words of all sections, by the plan."""
        return sum(self.targets.values())

    @property
    def words_of_sections(self) -> int:
        """Words that the text has."""
        return sum(words for slot, words in self.words.items() if isinstance(slot, int))

    @property
    def is_checked(self) -> bool:
        """Whether the check of the whole text is done."""
        return "safety_check" in self._steps

    @property
    def total(self) -> float:
        """Work of the writing, with all judges of sections."""
        judging = 1 + (self._pace.judging or 0)
        return self._span([words * judging for words in self.targets.values()]) + self._beside

    @property
    def expected(self) -> float:
        """Work of all that comes after the plan, before there is one."""
        judged = self._foreseen * (1 + (self._pace.judging or 0))
        return (self._span([judged / _SECTIONS] * _SECTIONS) + self._beside) * (1 + self._known)

    @property
    def checks(self) -> float:
        """Work of the steps after the writing."""
        return self.total * (self._checking + self._deriving + _ADDED)

    @property
    def checked(self) -> float:
        """Work of those that are done."""
        return self.checks + self.total - self.done - self.left

    @property
    def done(self) -> float:
        """Work of the writing that is done."""
        facts = 0 if self.has_facts else self.facts_words
        pieces = sum(self._words_left(name, words) for name, words in self._forecast.pieces.items())
        return self.total - facts - pieces - self._span([self._left_of(index) for index in self._in_turn])

    @property
    def left(self) -> float:
        """Work that is left; the checks as much as their part of the bar is."""
        return self.total * (1 + sum(self._waiting.values())) - self.done

    @property
    def reserved(self) -> float:
        """As much of that as keeps room in the bar for what may still be written again, and takes no time by itself."""
        return self.total * (sum(self._waiting.values()) - self._known)

    @property
    def silent_step(self) -> float:
        """Work of the step that goes on in silence, which nobody sees before it is done; 0 where none does."""
        if self.facts_words and not self.has_facts:
            return self.facts_words
        written = [slot for slot in self.targets if slot in self.finished]
        if self._pace.judging and (waiting := [slot for slot in written if slot not in self.judged]):
            return self._beside_one_another(self._pace.judging * self.targets[slot] for slot in waiting)
        if not self.targets:
            return 0.0
        if self.is_checked:
            return 0.0 if "derive" in self._steps else self.total * self._deriving
        return self.total * self._checking if len(written) == len(self.targets) else self._held

    @property
    def _held(self) -> float:
        """Work of the sections that are being written, as far as it may be held back until their end is known."""
        begun = [slot for slot in self.targets if slot in self.words and slot not in self.finished]
        return self._beside_one_another(
            min(_HELD, self._words_left(slot, self.targets[slot])) for slot in begun
        )

    @property
    def _waiting(self) -> dict[str, float]:
        """The steps after the writing that are still to come, with their shares."""
        shares = {"safety_check": self._checking, "derive": self._deriving}
        return {node: shares.get(node, _ADDED) for node in _STEPS if node not in self._steps}

    @property
    def _known(self) -> float:
        """The shares of those of them of which it is known that they take time."""
        known = {"safety_check": self._pace.check_share is not None, "derive": self._deriving > _ADDED}
        return sum(share for node, share in self._waiting.items() if known.get(node))

    @property
    def _foreseen(self) -> int:
        """Words of all sections, before there is a plan."""
        return max(0, self._forecast.text - sum(self._forecast.pieces.values()))

    @property
    def _beside(self) -> int:
        """Words that are written beside the sections."""
        return sum(self._forecast.pieces.values()) + self.facts_words

    @property
    def _deriving(self) -> float:
        """Time of what is made of the finished text, as a share of all writing; pieces are writing themselves."""
        words = self.target or self._foreseen
        if self._forecast.pieces or not words:
            return _ADDED
        written = self._span(list(self.targets.values())) or self._span([words / _SECTIONS] * _SECTIONS)
        expected = self._forecast.results / written
        return max(_ADDED, expected if self._pace.deriving is None else self._pace.deriving)

    @property
    def _checking(self) -> float:
        return _CHECKED if self._pace.check_share is None else self._pace.check_share

    @property
    def _in_turn(self) -> list[Slot]:
        """The sections, those first that were begun."""
        return sorted(self.targets, key=lambda index: index not in self.words)

    def _left_of(self, index: Slot) -> float:
        words = self.targets[index]
        judging = 0.0 if index in self.judged else words * (self._pace.judging or 0)
        return self._words_left(index, words) + judging

    def _words_left(self, slot: Slot, target: int) -> int:
        return 0 if slot in self.finished else target - min(target, self.words.get(slot, 0))

    def _span(self, sections: Iterable[float]) -> float:
        """Work of sections that are handed out in this order to as many writers as there are. The first is written
        alone where it brings the facts, or where they are looked for beside it."""
        if not self._forecast.facts:
            return self._beside_one_another(sections)
        first, *others = [*sections, 0.0]
        return first + self._beside_one_another(others)

    def _beside_one_another(self, works: Iterable[float]) -> float:
        busy = [0.0] * self._forecast.at_once
        heapify(busy)
        for work in works:
            heapreplace(busy, busy[0] + work)
        return max(busy)


def is_last_step(node: str) -> bool:
    """Whether the node is one of those after the writing."""
    return node in _STEPS
