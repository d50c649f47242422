"""Progress of a run, reported often enough to look alive and seldom enough to cost nothing."""

from collections.abc import Callable, Mapping

from backend.streaming.pace import Pace, SectionTimes
from backend.streaming.workload import STEPS, Workload
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

_EVERY_SECONDS = 1.0
_PLANNED = 5
_MOST = 99
"""Percent before the end."""
_STEP_LABELS = {
    "outline": "Planning",
    "safety_check": "Checking the text",
    "enhance_content": "Rewriting what was found fault with",
    "derive": "Adding what goes with the text",
    "calculate_metrics": "Counting",
}


class ProgressMeter:
    """Work done against work to do, as percent, words and seconds.

    Percent never goes back: where more is to be done than was thought (a rewrite), what is left of the bar is divided
    anew. 100 is left to the end.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        pieces: Mapping[str, int] | None = None,
        pace: Pace | None = None,
        facts_words: int = 0,
    ) -> None:
        """`pieces` and `facts_words` as `Workload` has them. `pace` learns from this run."""
        self._clock = clock
        self._started = clock()
        self._reported_at = clock() - _EVERY_SECONDS
        self._pace = pace or Pace()
        self._work = Workload(pieces or {}, facts_words, self._pace)
        self._times = SectionTimes()
        self._check_began: float | None = None
        self._is_checked = False
        self._at_first = 0.0  # work that earlier attempts did, which took none of our time
        self._taken_back = 0.0
        self._percent = 0
        self._anchor: tuple[float, float] | None = None  # percent, and the work that was left there

    def recall(self, transcript: Transcript) -> None:
        """Goes on from what earlier attempts logged."""
        self._work.recall(transcript)
        self._percent = transcript.percent
        if transcript.outline is not None:
            self._plan(transcript.outline)

    def follow(self, message: Message) -> ProgressReported | None:
        """The progress after a message; reported after it."""
        match message:
            case OutlinePlanned() as outline:
                return self._plan(outline)
            case FactsGathered():
                return self._look("The facts are gathered") if self._work.gather() else None
            case TextAppended() as content:
                return self._append(slot_of(content), content)
            case SafetyChecked() as verdict if verdict.stage == "section" and verdict.section is not None:
                return self._judge(verdict.section)
            case NodeChanged(node="generate_content", status="completed", section=int(index)):
                return self._judge(index)  # its review came before the end of its node
            case TextRetracted() as retraction:
                self._take_back(slot_of(retraction))
            case NodeChanged() as event if event.node in STEPS or event.node in _STEP_LABELS:
                return self._step(event)
        return None

    def report(self, message: str, at_least: int = 0) -> ProgressReported:
        """The progress now, with a message; `at_least` so many percent."""
        self._reported_at = self._clock()
        if self._percent < 100:
            self._percent = max(self._percent, at_least, min(_MOST, int(self._reckon())))
        return ProgressReported(
            percent=self._percent,
            words=self._work.words,
            target_words=self._work.target,
            eta_seconds=self._eta(),
            message=message,
        )

    def done(self) -> ProgressReported:
        """The last report."""
        self._percent = 100
        return self.report("Done")

    def _plan(self, outline: OutlinePlanned) -> ProgressReported:
        self._work.plan(outline)
        if self._anchor is None:  # planning took its time, and says nothing of how long the rest takes
            self._at_first = self._work.done()
            self._started = self._clock()
        self._set_anchor()
        return self.report("The plan is made", _PLANNED)

    def _append(self, slot: Slot, content: TextAppended) -> ProgressReported | None:
        self._work.gather()
        self._work.write(slot, content.chunk, is_complete=content.is_complete)
        self._times.write(slot, self._clock(), is_last=content.is_complete)
        return self._look(f"Writing {slot}" if isinstance(slot, str) else f"Writing section {slot + 1}")

    def _judge(self, section: int) -> ProgressReported | None:
        """A judge has read the section. What that took says what it will take of the others."""
        if (times := self._times.judge(section, self._clock())) is None or self._pace.judging is None:
            return None
        self._work.judge(section)
        self._pace.learn_judging(*times)
        if not self._taken_back:
            self._set_anchor()
        return self._look(f"Section {section + 1} is judged")

    def _step(self, event: NodeChanged) -> ProgressReported | None:
        if event.node == "safety_check":
            self._time_check(event)
        if event.status in ("completed", "skipped"):
            self._work.end(event.node)
        if event.status == "started" and event.node in _STEP_LABELS:
            return self.report(_STEP_LABELS[event.node])
        return None

    def _time_check(self, event: NodeChanged) -> None:
        if event.status == "started":
            self._check_began = self._clock()
        elif event.status == "completed" and self._check_began is not None and not self._is_checked:
            # The first check is of the whole text, the next ones of what was written again.
            self._is_checked = True
            self._pace.learn_checking(self._clock() - self._check_began, self._check_began - self._started)

    def _take_back(self, slot: Slot) -> None:
        at = self._reckon()
        self._taken_back += self._work.take_back(slot)
        self._times.forget(slot)
        self._anchor = (max(at, self._percent), self._work.left())

    def _look(self, message: str) -> ProgressReported | None:
        """Reports about once a second."""
        is_due = self._clock() - self._reported_at >= _EVERY_SECONDS
        return self.report(message) if is_due else None

    def _set_anchor(self) -> None:
        """From here, the rest of the bar is what is left to do."""
        written = _PLANNED + (100 - _PLANNED) * self._work.share_done()
        self._anchor = (max(written, float(self._percent)), self._work.left())

    def _reckon(self) -> float:
        """Percent by the work that is left."""
        if self._anchor is None:
            return float(self._percent)
        percent, left = self._anchor
        return 100 - (100 - percent) * (self._work.left() / left) if left else percent

    def _eta(self) -> int | None:
        elapsed = self._clock() - self._started
        worked = self._work.done() - self._at_first + self._taken_back
        if worked <= 0 or elapsed <= 0 or not self._work.target:
            return None
        return max(0, round(self._work.left_by_time() * elapsed / worked))
