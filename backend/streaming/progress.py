"""Progress of a run, reported often enough to look alive and seldom enough to cost nothing."""

from collections.abc import Callable

from backend.streaming.pace import Forecast, Pace
from backend.streaming.reckoning import Reckoning
from backend.streaming.times import Times, words_in
from backend.streaming.workload import Workload, is_last_step
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
    UsageUpdated,
    slot_of,
)
from workflows.messages.transcript import Transcript

_EVERY_SECONDS = 1.0
_SAYINGS = {
    "outline": "Planning",
    "safety_check": "Checking the text",
    "enhance_content": "Rewriting what was found fault with",
    "derive": "Adding what goes with the text",
    "calculate_metrics": "Counting",
}


class ProgressMeter:
    """Work done against work to do, in words: of the plan, of facts, of sections, of pieces, of judges, and of what is
    written again. A section or piece that is finished counts whole, however long it came out."""

    def __init__(
        self,
        clock: Callable[[], float],
        forecast: Forecast | None = None,
        pace: Pace | None = None,
    ) -> None:
        """`forecast`: the words that are to come beside the sections, and before them. `pace`: how long planning and
        checks take beside the writing; it learns from this run."""
        self._clock = clock
        self._reported_at = clock() - _EVERY_SECONDS
        self._pace = pace or Pace()
        self._forecast = forecast or Forecast()
        self._work = Workload(self._forecast, self._pace)
        self._reckoning = Reckoning(clock, self._forecast, self._pace, self._work)
        self._times = Times()
        self._is_checked = False
        self._saying = _SAYINGS["outline"]

    def recall(self, transcript: Transcript) -> None:
        """Goes on from what earlier attempts logged. Again, where the log lacked something of it."""
        self._reckoning.recall(transcript.percent)
        self._work.recall(transcript)
        if transcript.outline is not None:
            self._plan(transcript.outline)

    def begin(self) -> None:
        """The run's turn has come: what it waited for it says nothing of how long its work takes."""
        self._reckoning.begin()

    def follow(self, message: Message) -> ProgressReported | None:
        """The progress after a message; reported after it."""
        match message:
            case UsageUpdated(call=call) if call is not None and call.role == "outline":
                self._reckoning.plan_tokens += call.output_tokens
            case OutlinePlanned() as outline:
                return self._plan(outline)
            case FactsGathered() as facts:
                return self._gather(facts)
            case TextAppended() as content:
                return self._append(content)
            case SafetyChecked() as verdict if verdict.stage == "section" and verdict.section is not None:
                return self._judge(verdict.section)
            case NodeChanged(node="generate_content", status="completed", section=int(index)):
                return self._judge(index)  # its review came before the end of its node
            case NodeChanged(node="enhance_content", status="completed", section=int(index)):
                self._work.judged.add(index)  # also where nothing read it: a revision isn't reviewed again
                self._reckoning.note_work()
            case TextRetracted() as retraction:
                self._take_back(slot_of(retraction))
            case NodeChanged() as event if is_last_step(event.node) or event.node in _SAYINGS:
                return self._step(event)
        return None

    def tick(self) -> ProgressReported | None:
        """Time has passed, perhaps in silence; says something where that counts."""
        is_farther = self._reckoning.reached > self._reckoning.percent
        return self.now(self._saying) if is_farther and self._due() else None

    def now(self, message: str, at_least: int = 0) -> ProgressReported:
        """Reports at once; percent is `at_least` so many."""
        self._reported_at = self._clock()
        self._saying = message
        reckoning = self._reckoning
        if reckoning.percent < 100:
            reckoning.percent = max(reckoning.percent, at_least, reckoning.reached)
        return ProgressReported(
            percent=reckoning.percent,
            words=self._work.words_of_sections,
            target_words=self._work.target,
            eta_seconds=reckoning.eta,
            message=message,
        )

    def done(self) -> ProgressReported:
        """The last report."""
        self._reckoning.percent = 100
        return self.now("Done")

    def _plan(self, outline: OutlinePlanned) -> ProgressReported:
        self._work.targets = {section["index"]: section["target_words"] for section in outline.sections}
        return self.now("The plan is made", self._reckoning.take_plan())

    def _gather(self, facts: FactsGathered | None = None) -> ProgressReported | None:
        """The facts are there; or a section is begun after them, of which no message told."""
        if self._work.has_facts or not self._work.facts_words:
            return None
        self._reckoning.take_facts(None if facts is None else words_in(facts.canonical_pack))
        return self._look("The facts are gathered")

    def _append(self, content: TextAppended) -> ProgressReported | None:
        slot = slot_of(content)
        if self._work.finished:
            self._gather()
        self._work.append(slot, content.chunk, is_last=content.is_complete)
        self._reckoning.note_work()
        self._times.write(slot, self._clock(), is_last=content.is_complete)
        if isinstance(slot, str):
            return self._look(f"Writing {slot}")
        return self._look(f"Writing section {slot + 1}")

    def _judge(self, section: int) -> ProgressReported | None:
        """A judge has read the section. What that took says what it will take of the others."""
        if (times := self._times.judge(section, self._clock())) is None:
            return None
        self._work.judged.add(section)
        self._reckoning.note_work()
        self._pace.learn_judging(*times)
        self._reckoning.take_pace()
        return self._look(f"Section {section + 1} is judged")

    def _step(self, event: NodeChanged) -> ProgressReported | None:
        self._reckoning.note_work()
        if event.node == "safety_check":
            self._time_check(event)
        elif event.node == "derive":
            self._time_results(event)
        if event.status in ("completed", "skipped"):
            self._work.take_step(event.node)
        if event.status == "started" and event.node in _SAYINGS:
            return self.now(_SAYINGS[event.node])
        return None

    def _time_check(self, event: NodeChanged) -> None:
        reckoning = self._reckoning
        if event.status == "started":
            if self._times.checking is None:
                seconds = reckoning.plan_seconds if reckoning.plan_tokens else None
                self._pace.learn_rate(reckoning.worked, self._clock() - reckoning.started)
                self._pace.learn_planning(seconds, self._forecast)
            self._times.checking = self._clock()
        elif event.status == "completed" and self._times.checking is not None and not self._is_checked:
            self._is_checked = True  # the next checks are of what was written again
            self._pace.learn_checking(
                self._clock() - self._times.checking, self._times.checking - reckoning.started
            )

    def _time_results(self, event: NodeChanged) -> None:
        if event.status == "started" and self._times.deriving is None:  # it may say more while it goes on
            self._times.deriving = self._clock()
        elif event.status == "completed" and self._times.deriving and self._times.checking:
            written = self._times.checking - self._reckoning.started
            self._pace.learn_deriving(self._clock() - self._times.deriving, written)

    def _take_back(self, slot: Slot) -> None:
        self._reckoning.take_back(slot)
        self._times.forget(slot)

    def _look(self, message: str) -> ProgressReported | None:
        """Reports, about once a second, what goes on; what is told in a silence says so too."""
        self._saying = message
        return self.now(message) if self._due() else None

    def _due(self) -> bool:
        return self._clock() - self._reported_at >= _EVERY_SECONDS
