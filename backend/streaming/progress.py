"""Progress of a run, reported often enough to look alive and seldom enough to cost nothing."""

from collections.abc import Callable, Mapping

from backend.streaming.pace import Pace
from workflows.messages.messages import (
    FactsGathered,
    Message,
    NodeChanged,
    OutlinePlanned,
    ProgressReported,
    SafetyChecked,
    Slot,
    TextAppended,
    TextRetracted,
    slot_of,
)
from workflows.messages.transcript import Transcript
from workflows.text.words import WordCounter, count_words

_EVERY_SECONDS = 1.0
_PLANNED = 5
_CHECKED = 3 / 90
"""Work of the last check as a share of all writing, where no earlier run was measured; it is 3 percent of the bar."""
_ADDED = 1 / 90
"""The same of each step after it."""
_MOST = 99
"""Percent before the end."""
_CHECKING_SHARE = 0.01
"""About how long checks take, as a share of the time of all writing."""
_STEPS = ("safety_check", "derive", "calculate_metrics")
"""What is left when all is written."""
_SAYINGS = {
    "outline": "Planning",
    "safety_check": "Checking the text",
    "enhance_content": "Rewriting what was found fault with",
    "derive": "Adding what goes with the text",
    "calculate_metrics": "Counting",
}


class _Times:
    """When sections were begun, ended and judged; seconds."""

    def __init__(self) -> None:
        self.checking: float | None = None
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


class ProgressMeter:
    """Work done against work to do, in words: of sections, of pieces, of judges, and of what is written again.

    A section or piece that is finished counts whole, however long it came out. Percent never goes back: where more is
    to be done than was thought (a rewrite), what is left of the bar is divided anew. 100 is left to the end.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        pieces: Mapping[str, int] | None = None,
        pace: Pace | None = None,
        facts_words: int = 0,
    ) -> None:
        """`pieces`: the words of each text that is made beside the sections, by name; `facts_words`: those of the facts
        that are gathered before the first section. `pace`: how long checks take beside the writing; it learns from
        this run."""
        self._clock = clock
        self._started = clock()
        self._reported_at = clock() - _EVERY_SECONDS
        self._words: dict[Slot, int] = {}
        self._counters: dict[Slot, WordCounter] = {}
        self._targets: dict[Slot, int] = {}
        self._finished: set[Slot] = set()
        self._steps: set[str] = set()
        self._pieces = dict(pieces or {})
        self._facts_words = facts_words
        self._has_facts = False
        self._pace = pace or Pace()
        self._times = _Times()
        self._judged: set[Slot] = set()
        self._is_checked = False
        self._at_first = 0.0  # work that earlier attempts did, which took none of our time
        self._taken_back = 0.0
        self._target = 0
        self._percent = 0
        self._anchor: tuple[float, float] | None = None  # percent, and the work that was left there

    def recall(self, transcript: Transcript) -> None:
        """Goes on from what earlier attempts logged."""
        words: dict[Slot, int] = {
            index: count_words(transcript.text_of(index)) for index in transcript.started
        }
        words |= {name: count_words(transcript.text_of(name)) for name in transcript.pieces}
        self.resume(words, transcript.percent)
        self._finished = {slot for slot in words if transcript.is_finished(slot)}
        self._judged = set(transcript.finished)
        self._has_facts = transcript.facts is not None or bool(transcript.finished)
        if transcript.outline is not None:
            self._plan(transcript.outline)

    def follow(self, message: Message) -> ProgressReported | None:
        """The progress after a message; reported after it."""
        match message:
            case OutlinePlanned() as outline:
                return self._plan(outline)
            case FactsGathered():
                return self._gather()
            case TextAppended() as content:
                return self._append(content)
            case SafetyChecked() as verdict if verdict.stage == "section" and verdict.section is not None:
                return self._judge(verdict.section)
            case NodeChanged(node="generate_content", status="completed", section=int(index)):
                return self._judge(index)  # its review came before the end of its node
            case TextRetracted() as retraction:
                self._take_back(slot_of(retraction))
            case NodeChanged() as event if event.node in _STEPS or event.node in _SAYINGS:
                return self._step(event)
        return None

    def plan(self, target_words: int) -> ProgressReported:
        """Sets the outline."""
        self._target = target_words
        if self._anchor is None:  # planning took its time, and says nothing of how long the rest takes
            self._at_first = self._done()
            self._started = self._clock()
        self._set_anchor(float(_PLANNED))
        return self._report("The plan is made", _PLANNED)

    def resume(self, words: dict[Slot, int], percent: int) -> None:
        """Restores the words by section that an earlier attempt wrote."""
        self._words = dict(words)
        self._percent = percent

    def add(self, section: int, chunk: str) -> ProgressReported | None:
        """More text; says something about once a second."""
        self._count(section, chunk)
        return self._report(f"Writing section {section + 1}") if self._due() else None

    def drop(self, section: int) -> None:
        """The text of a section is written again."""
        self._take_back(section)

    def look(self, message: str) -> ProgressReported | None:
        """Reports, about once a second, activity that adds no words to the text."""
        return self._report(message) if self._due() else None

    def now(self, message: str, percent: int = 0) -> ProgressReported:
        """Reports at once; `percent` is the progress of another run that this one depends on."""
        return self._report(message, percent)

    def done(self) -> ProgressReported:
        """The last report."""
        self._percent = 100
        return self._report("Done", 100)

    def _plan(self, outline: OutlinePlanned) -> ProgressReported:
        self._targets = {section["index"]: section["target_words"] for section in outline.sections}
        return self.plan(outline.target_words)

    def _gather(self) -> ProgressReported | None:
        """The facts are there, or the text that is written from them begins."""
        if self._has_facts or not self._facts_words:
            return None
        self._has_facts = True
        return self.look("The facts are gathered")

    def _append(self, content: TextAppended) -> ProgressReported | None:
        slot = slot_of(content)
        self._gather()
        self._count(slot, content.chunk)
        self._times.write(slot, self._clock(), is_last=content.is_complete)
        if content.is_complete:
            self._finished.add(slot)
        if isinstance(slot, str):
            return self.look(f"Writing {slot}")
        return self.look(f"Writing section {slot + 1}")

    def _judge(self, section: int) -> ProgressReported | None:
        """A judge has read the section. What that took says what it will take of the others."""
        if (times := self._times.judge(section, self._clock())) is None or self._pace.judging is None:
            return None
        self._judged.add(section)
        self._pace.learn_judging(*times)
        if not self._taken_back:
            self._set_anchor(float(_PLANNED))
        return self.look(f"Section {section + 1} is judged")

    def _step(self, event: NodeChanged) -> ProgressReported | None:
        if event.node == "safety_check":
            self._time_check(event)
        if event.status in ("completed", "skipped"):
            self._steps.add(event.node)
        if event.status == "started" and event.node in _SAYINGS:
            return self.now(_SAYINGS[event.node])
        return None

    def _time_check(self, event: NodeChanged) -> None:
        if event.status == "started":
            self._times.checking = self._clock()
        elif event.status == "completed" and self._times.checking is not None and not self._is_checked:
            self._is_checked = (
                True  # the first check is of the whole text, the next ones of what was written again
            )
            self._pace.learn_checking(
                self._clock() - self._times.checking, self._times.checking - self._started
            )

    def _count(self, slot: Slot, chunk: str) -> None:
        # A token is often a part of a word.
        words = self._counters.setdefault(slot, WordCounter()).feed(chunk)
        self._words[slot] = self._words.get(slot, 0) + words

    def _take_back(self, slot: Slot) -> None:
        """What is taken back is written again, and checked again."""
        at = self._reckon()
        before = self._done()
        self._words.pop(slot, None)
        self._counters.pop(slot, None)
        self._finished.discard(slot)
        self._judged.discard(slot)
        self._times.forget(slot)
        self._steps.discard("safety_check")
        self._taken_back += before - self._done()
        self._anchor = (max(at, self._percent), self._left())

    def _due(self) -> bool:
        return self._clock() - self._reported_at >= _EVERY_SECONDS

    def _report(self, message: str, at_least: int = 0) -> ProgressReported:
        self._reported_at = self._clock()
        if self._percent < 100:
            self._percent = max(self._percent, at_least, min(_MOST, int(self._reckon())))
        return ProgressReported(
            percent=self._percent,
            words=sum(words for slot, words in self._words.items() if isinstance(slot, int)),
            target_words=self._target,
            eta_seconds=self._eta(),
            message=message,
        )

    def _set_anchor(self, begin: float) -> None:
        """From here, where `begin` is the percent with nothing written, the rest of the bar is what is left to do."""
        total = self._total()
        written = begin + (100 - begin) * (self._done() / (total + self._checks()) if total else 0.0)
        self._anchor = (max(written, float(self._percent)), self._left())

    def _reckon(self) -> float:
        """Percent by the work that is left."""
        if self._anchor is None:
            return float(self._percent)
        percent, left = self._anchor
        return 100 - (100 - percent) * (self._left() / left) if left else percent

    def _total(self) -> float:
        return self._target * (1 + (self._pace.judging or 0)) + self._beside()

    def _beside(self) -> int:
        """Words that are written beside the sections."""
        return sum(self._pieces.values()) + self._facts_words

    def _checks(self) -> float:
        """Work of the steps after the writing."""
        return self._total() * (self._checking() + 2 * _ADDED)

    def _checking(self) -> float:
        return _CHECKED if self._pace.check_share is None else self._pace.check_share

    def _done(self) -> float:
        """Words of the plan that are written. A plan whose sections aren't known counts as one text."""
        pieces = sum(self._done_of(name, words) for name, words in self._pieces.items())
        pieces += self._facts_words if self._has_facts else 0
        if self._targets:
            judged = sum(words for slot, words in self._targets.items() if slot in self._judged)
            written = sum(self._done_of(slot, words) for slot, words in self._targets.items())
            return pieces + written + judged * (self._pace.judging or 0)
        return pieces + min(
            self._target, sum(words for slot, words in self._words.items() if isinstance(slot, int))
        )

    def _done_of(self, slot: Slot, target: int) -> int:
        return target if slot in self._finished else min(target, self._words.get(slot, 0))

    def _left(self) -> float:
        """Work that is left, in words; the checks as much as their part of the bar is."""
        waiting = [
            self._checking() if node == "safety_check" else _ADDED
            for node in _STEPS
            if node not in self._steps
        ]
        return self._total() * (1 + sum(waiting)) - self._done()

    def _eta(self) -> int | None:
        elapsed = self._clock() - self._started
        worked = self._done() - self._at_first + self._taken_back
        if worked <= 0 or elapsed <= 0 or not self._target:
            return None
        checking = _CHECKING_SHARE if self._pace.check_share is None else self._pace.check_share
        is_open = "safety_check" not in self._steps
        left = (
            self._total() * (1 + (checking if is_open or self._pace.check_share is None else 0))
            - self._done()
        )
        return max(0, round(left * elapsed / worked))
