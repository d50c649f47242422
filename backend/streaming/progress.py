"""Progress of a run, reported often enough to look alive and seldom enough to cost nothing."""

from collections.abc import Callable
from math import exp

from backend.streaming.pace import RATE, Forecast, Pace
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
_PLANNED = 5
"""Percent at the plan, at least."""
_ASSUMED = 0.9
"""The most of a silent step that passes for done while it goes on."""
_DOUBT = 0.66
"""Part of a silent step of unknown speed in whose time two thirds of it pass for done."""
_MOST = 99
"""Percent before the end."""
_KNOWN_SECONDS = 3.0
"""Seconds for which the speed of earlier runs, or of the plan, counts in the time that is left."""
_SAYINGS = {
    "outline": "Planning",
    "safety_check": "Checking the text",
    "enhance_content": "Rewriting what was found fault with",
    "derive": "Adding what goes with the text",
    "calculate_metrics": "Counting",
}


class ProgressMeter:
    """Work done against work to do, in words: of the plan, of facts, of sections, of pieces, of judges, and of what is
    written again. In a silence, such as a judge's or a plan's, words are reckoned to come as they did before.

    A section or piece that is finished counts whole, however long it came out. Percent never goes back: where more is
    to be done than was thought (a rewrite), what is left of the bar is divided anew. 100 is left to the end.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        forecast: Forecast | None = None,
        pace: Pace | None = None,
    ) -> None:
        """`forecast`: the words that are to come beside the sections, and before them. `pace`: how long planning and
        checks take beside the writing; it learns from this run."""
        forecast = forecast or Forecast()
        self._clock = clock
        self._started = clock()
        self._reported_at = clock() - _EVERY_SECONDS
        self._pace = pace or Pace()
        self._forecast = forecast
        self._work = Workload(forecast, self._pace)
        self._plan_tokens = 0
        self._planned = float(_PLANNED)
        self._plan_seconds: float | None = None
        self._last_work_at = clock()
        self._times = Times()
        self._is_checked = False
        self._at_first = 0.0  # work that earlier attempts did, which took none of our time
        self._taken_back = 0.0
        self._percent = 0
        self._saying = _SAYINGS["outline"]
        self._anchor: tuple[float, float] | None = None  # percent, and the work that was left there

    def recall(self, transcript: Transcript) -> None:
        """Goes on from what earlier attempts logged. Again, where the log lacked something of it."""
        self._anchor = None  # what comes from there took none of our time
        self._work.recall(transcript)
        self._percent = transcript.percent
        if transcript.outline is not None:
            self._plan(transcript.outline)

    def follow(self, message: Message) -> ProgressReported | None:
        """The progress after a message; reported after it."""
        match message:
            case UsageUpdated(call=call) if call is not None and call.role == "outline":
                self._plan_tokens += call.output_tokens
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
                self._last_work_at = self._clock()
            case TextRetracted() as retraction:
                self._take_back(slot_of(retraction))
            case NodeChanged() as event if is_last_step(event.node) or event.node in _SAYINGS:
                return self._step(event)
        return None

    def tick(self) -> ProgressReported | None:
        """Time has passed, perhaps in silence; says something where that counts."""
        is_farther = min(_MOST, int(self._reckon())) > self._percent
        return self._report(self._saying) if is_farther and self._due() else None

    def _words_of_plan(self) -> float:
        """Words that would have been written in the time of the plan: by the clock where it is known how fast such runs
        write, else by the tokens that planning took."""
        if self._pace.rate is not None and self._plan_tokens:  # without a model it is no work
            return (self._clock() - self._started) * self._pace.rate
        return self._words_of_plan_by_tokens()

    def _words_of_plan_by_tokens(self) -> float:
        return self._plan_tokens / self._forecast.tokens_per_word

    def now(self, message: str) -> ProgressReported:
        """Reports at once."""
        return self._report(message)

    def done(self) -> ProgressReported:
        """The last report."""
        self._percent = 100
        return self._report("Done", 100)

    def _plan(self, outline: OutlinePlanned) -> ProgressReported:
        self._work.targets = {section["index"]: section["target_words"] for section in outline.sections}
        self._last_work_at = self._clock()
        if self._anchor is None:  # planning took its time, and says nothing of how long the rest takes
            self._at_first = self._work.done
            words, self._plan_seconds = self._words_of_plan(), self._clock() - self._started
            self._planned = max(
                float(_PLANNED), 100 * words / ((words + self._work.total + self._work.checks) or 1)
            )
            self._started = self._clock()
        self._set_anchor(self._planned)
        return self._report("The plan is made", min(_MOST, int(self._planned)))

    def _gather(self, facts: FactsGathered | None = None) -> ProgressReported | None:
        """The facts are there; or a section is begun after them, of which no message told."""
        if self._work.has_facts or not self._work.facts_words:
            return None
        if facts is not None:
            words = float(words_in(facts.canonical_pack))
        else:
            words = (self._clock() - self._last_work_at) * (self._rate() or 0)
        self._work.has_facts = True
        if words and not self._taken_back:  # there may be fewer than were expected, or more
            self._work.facts_words = round(words)
            self._pace.facts = words / self._forecast.facts
            self._set_anchor(self._planned)
        self._last_work_at = self._clock()
        return self._look("The facts are gathered")

    def _append(self, content: TextAppended) -> ProgressReported | None:
        slot = slot_of(content)
        if self._work.finished:
            self._gather()
        self._work.append(slot, content.chunk, is_last=content.is_complete)
        self._last_work_at = self._clock()
        self._times.write(slot, self._clock(), is_last=content.is_complete)
        if isinstance(slot, str):
            return self._look(f"Writing {slot}")
        return self._look(f"Writing section {slot + 1}")

    def _judge(self, section: int) -> ProgressReported | None:
        """A judge has read the section. What that took says what it will take of the others."""
        if (times := self._times.judge(section, self._clock())) is None:
            return None
        self._work.judged.add(section)
        self._last_work_at = self._clock()
        self._pace.learn_judging(*times)
        if not self._taken_back:
            self._set_anchor(self._planned)
        return self._look(f"Section {section + 1} is judged")

    def _step(self, event: NodeChanged) -> ProgressReported | None:
        self._last_work_at = self._clock()
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
        if event.status == "started":
            if self._times.checking is None:
                seconds = self._plan_seconds if self._plan_tokens else None
                self._pace.learn_rate(self._worked(), self._clock() - self._started)
                self._pace.learn_planning(seconds, self._forecast)
            self._times.checking = self._clock()
        elif event.status == "completed" and self._times.checking is not None and not self._is_checked:
            self._is_checked = True  # the next checks are of what was written again
            self._pace.learn_checking(
                self._clock() - self._times.checking, self._times.checking - self._started
            )

    def _time_results(self, event: NodeChanged) -> None:
        if event.status == "started" and self._times.deriving is None:  # it may say more while it goes on
            self._times.deriving = self._clock()
        elif event.status == "completed" and self._times.deriving and self._times.checking:
            written = self._times.checking - self._started
            self._pace.learn_deriving(self._clock() - self._times.deriving, written)

    def _take_back(self, slot: Slot) -> None:
        """What is taken back is written again, and checked again."""
        at = self._reckon()
        before = self._worked()
        self._work.take_back(slot)
        self._times.forget(slot)
        self._taken_back += before - self._worked()
        self._anchor = (max(at, self._percent), self._work.left)

    def _look(self, message: str) -> ProgressReported | None:
        """Reports, about once a second, what goes on; what is told in a silence says so too."""
        self._saying = message
        return self._report(message) if self._due() else None

    def _due(self) -> bool:
        return self._clock() - self._reported_at >= _EVERY_SECONDS

    def _report(self, message: str, at_least: int = 0) -> ProgressReported:
        self._reported_at = self._clock()
        self._saying = message
        if self._percent < 100:
            self._percent = max(self._percent, at_least, min(_MOST, int(self._reckon())))
        return ProgressReported(
            percent=self._percent,
            words=self._work.words_of_sections,
            target_words=self._work.target,
            eta_seconds=self._eta(),
            message=message,
        )

    def _set_anchor(self, begin: float) -> None:
        """From here, where `begin` is the percent with nothing written, the rest of the bar is what is left to do."""
        total = self._work.total
        written = begin + (100 - begin) * (self._work.done / (total + self._work.checks) if total else 0.0)
        self._anchor = (max(written, float(self._percent)), self._work.left)

    def _reckon(self) -> float:
        """Percent by the work that is left."""
        if self._anchor is None:
            return self._reckon_plan()
        percent, left_there = self._anchor
        left = self._work.left - self._passed(self._work.silent_step)
        return 100 - (100 - percent) * (left / left_there) if left_there else percent

    def _reckon_plan(self) -> float:
        """Percent before the plan, by time: nothing of it is seen before it is whole."""
        planning = self._words_to_plan()
        if not (planning and self._forecast.text):
            return float(self._percent)
        return 100 * self._passed(planning) / (planning + self._work.expected)

    def _words_to_plan(self) -> float:
        """Words that would be written in the time of the plan, before it is there."""
        forecast = self._forecast.plan
        return float(forecast) if self._pace.planning is None else self._pace.planning * max(1, forecast)

    def _passed(self, words: float) -> float:
        """As much of a silent step of so many words as the time since the last work has brought, but not all: the less
        the longer it lasts, where nothing was seen yet of how fast the model is."""
        seconds, rate = self._clock() - self._last_work_at, self._rate()
        if rate is not None:
            return min(_ASSUMED * words, seconds * rate)
        return words * (1 - exp(-seconds * RATE / (_DOUBT * words))) if words else 0.0

    def _rate(self) -> float | None:
        """Words a second, of this run or of those before; None where nothing was seen of either."""
        seconds, worked = self._last_work_at - self._started, self._worked()
        if worked > 0 and seconds > 0 and self._anchor is not None:
            return worked / seconds
        return self._known_rate()

    def _known_rate(self) -> float | None:
        """Words a second, of the runs before or of the plan."""
        if self._pace.rate is None and self._plan_tokens and self._plan_seconds:
            return self._words_of_plan_by_tokens() / self._plan_seconds
        return self._pace.rate

    def _worked(self) -> float:
        """Work of this attempt, in words, since the plan was made; the steps after the writing too."""
        return self._work.done + self._work.checked - self._at_first + self._taken_back

    def _eta(self) -> int | None:
        """Seconds that are left: by the work that is left, at the speed of this run or of those before it."""
        if (rate := self._rate_so_far()) is None:
            return None
        if self._work.target:
            left = self._work.left - self._work.reserved - self._passed(self._work.silent_step)
        elif self._anchor is None and self._forecast.text:
            planning = self._words_to_plan()
            left = planning + self._work.expected - self._passed(planning)
        else:
            return None
        return max(0, round(left / rate))

    def _rate_so_far(self) -> float | None:
        """As `_rate`; in the first seconds after the plan, in which a model thinks rather than writes, that of the runs
        before, or of the plan, counts for as many seconds; where there is none, nothing is known."""
        seconds, worked, known = self._last_work_at - self._started, self._worked(), self._known_rate()
        if self._anchor is None or worked <= 0 or seconds <= 0:
            return self._rate()
        if known is None:
            return worked / seconds if seconds >= _KNOWN_SECONDS else None
        return (worked + known * _KNOWN_SECONDS) / (seconds + _KNOWN_SECONDS)
