"""Percent of a run and the time that is left, reckoned by its work and the clock."""

from collections.abc import Callable
from math import exp

from backend.streaming.pace import RATE, Forecast, Pace
from backend.streaming.workload import Workload
from workflows.messages.messages import Slot

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


class Reckoning:
    """Reckoning of a run. In a silence, such as a judge's or a plan's, words are reckoned to come as they did before.

    Percent never goes back: where more is to be done than was thought (a rewrite), what is left of the bar is divided
    anew. 100 is left to the end.
    """

    def __init__(self, clock: Callable[[], float], forecast: Forecast, pace: Pace, work: Workload) -> None:
        self._clock = clock
        self._forecast = forecast
        self._pace = pace
        self._work = work
        self.percent = 0
        """What was shown last."""
        self.started = clock()
        """When the writing began; before there is a plan, the run."""
        self.plan_tokens = 0
        self.plan_seconds: float | None = None
        self._planned = float(_PLANNED)
        self._last_work_at = clock()
        self._at_first = 0.0  # work that earlier attempts did, which took none of our time
        self._taken_back = 0.0
        self._anchor: tuple[float, float] | None = None  # percent, and the work that was left there

    @property
    def worked(self) -> float:
        """Work of this attempt, in words, since the plan was made; the steps after the writing too."""
        return self._work.done + self._work.checked - self._at_first + self._taken_back

    @property
    def reached(self) -> int:
        """Percent by now, the end aside."""
        return min(_MOST, int(self._reckon()))

    @property
    def eta(self) -> int | None:
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

    def recall(self, percent: int) -> None:
        """Goes on from what earlier attempts showed."""
        self._anchor = None  # what comes from there took none of our time
        self.percent = percent

    def begin(self) -> None:
        """Work begins at this moment."""
        self.started = self._last_work_at = self._clock()

    def note_work(self) -> None:
        """Something came at this moment."""
        self._last_work_at = self._clock()

    def take_plan(self) -> int:
        """Percent at the plan, whose sections the work has."""
        self.note_work()
        if self._anchor is None:  # planning took its time, and says nothing of how long the rest takes
            self._at_first = self._work.done
            words, self.plan_seconds = self._words_of_plan(), self._clock() - self.started
            self._planned = max(
                float(_PLANNED), 100 * words / ((words + self._work.total + self._work.checks) or 1)
            )
            self.started = self._clock()
        self._set_anchor()
        return min(_MOST, int(self._planned))

    def take_facts(self, words: float | None) -> None:
        """The facts have so many words; None: as many as come in a silence like the one before."""
        if words is None:
            words = (self._clock() - self._last_work_at) * (self._rate() or 0)
        self._work.has_facts = True
        if words and not self._taken_back:  # there may be fewer than were expected, or more
            self._work.facts_words = round(words)
            self._pace.facts = words / self._forecast.facts
            self._set_anchor()
        self.note_work()

    def take_pace(self) -> None:
        """The pace is known better, and with it the part of the work that is done."""
        if not self._taken_back:
            self._set_anchor()

    def take_back(self, slot: Slot) -> None:
        """What is taken back is written again, and checked again."""
        at, before = self._reckon(), self.worked
        self._work.take_back(slot)
        self._taken_back += before - self.worked
        self._anchor = (max(at, self.percent), self._work.left)

    def _set_anchor(self) -> None:
        """From here, with nothing written at the plan's percent, the rest of the bar is what is left to do."""
        total = self._work.total
        done = self._work.done / (total + self._work.checks) if total else 0.0
        written = self._planned + (100 - self._planned) * done
        self._anchor = (max(written, float(self.percent)), self._work.left)

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
            return float(self.percent)
        return 100 * self._passed(planning) / (planning + self._work.expected)

    def _words_to_plan(self) -> float:
        """Words that would be written in the time of the plan, before it is there."""
        forecast = self._forecast.plan
        return float(forecast) if self._pace.planning is None else self._pace.planning * max(1, forecast)

    def _words_of_plan(self) -> float:
        """Words that would have been written in the time of the plan: by the clock where it is known how fast such runs
        write, else by the tokens that planning took."""
        if self._pace.rate is not None and self.plan_tokens:  # without a model it is no work
            return (self._clock() - self.started) * self._pace.rate
        return self.plan_tokens / self._forecast.tokens_per_word

    def _passed(self, words: float) -> float:
        """As much of a silent step of so many words as the time since the last work has brought, but not all: the less
        the longer it lasts, where nothing was seen yet of how fast the model is."""
        seconds, rate = self._clock() - self._last_work_at, self._rate()
        if rate is not None:
            return min(_ASSUMED * words, seconds * rate)
        return words * (1 - exp(-seconds * RATE / (_DOUBT * words))) if words else 0.0

    def _rate(self) -> float | None:
        """Words a second, of this run or of those before; None where nothing was seen of either."""
        seconds, worked = self._last_work_at - self.started, self.worked
        if worked > 0 and seconds > 0 and self._anchor is not None:
            return worked / seconds
        return self._known_rate()

    def _known_rate(self) -> float | None:
        """Words a second, of the runs before or of the plan."""
        if self._pace.rate is None and self.plan_tokens and self.plan_seconds:
            return self.plan_tokens / self._forecast.tokens_per_word / self.plan_seconds
        return self._pace.rate

    def _rate_so_far(self) -> float | None:
        """As `_rate`; in the first seconds after the plan, in which a model thinks rather than writes, that of the runs
        before, or of the plan, counts for as many seconds; where there is none, nothing is known."""
        seconds, worked, known = self._last_work_at - self.started, self.worked, self._known_rate()
        if self._anchor is None or worked <= 0 or seconds <= 0:
            return self._rate()
        if known is None:
            return worked / seconds if seconds >= _KNOWN_SECONDS else None
        return (worked + known * _KNOWN_SECONDS) / (seconds + _KNOWN_SECONDS)
