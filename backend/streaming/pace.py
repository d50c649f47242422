"""Pace of runs: how long checks take beside the writing, learned from the runs before."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_NEWEST = 0.5
"""Weight of the newest run."""
JUDGED_SECTION = 0.5
"""Time of a section's judge, as a share of its writing, before any was measured."""
RATE = 40.0
"""Words a second, before any were counted: about what the usual models write."""
_MOST_KINDS = 1000
"""Kinds of runs whose paces are known at once: models are named by callers."""


@dataclass(slots=True)
class Pace:
    """Seconds of checks for each second of writing: `judging` of a section, before the next one begins; `checking` of
    the whole text at the end, and what is `expected` of that before any was measured; `deriving` of what is made of
    it. `rate`: words that are written in a second. `planning`: the words that would have been written in the time of
    the plan, and `facts`: those of the last facts, for each one that was forecast: runs of one kind differ in length.
    None: not known."""

    judging: float | None = None
    checking: float | None = None
    expected: float | None = None
    rate: float | None = None
    planning: float | None = None
    deriving: float | None = None
    facts: float | None = None

    @property
    def check_share(self) -> float | None:
        """The time of the check of the whole as a share of all writing, measured or expected."""
        return self.expected if self.checking is None else self.checking

    def learn_judging(self, judged: float, written: float) -> None:
        """Takes in the seconds that judges of sections took, and the writing of the same sections."""
        if written > 0:
            self.judging = judged / written

    def learn_checking(self, checked: float, written: float) -> None:
        """Takes in the seconds of a check of the whole, and of all the writing before it."""
        if written <= 0:
            return
        self.checking = _mean(self.checking, checked / written)

    def learn_deriving(self, derived: float, written: float) -> None:
        """Takes in the seconds in which something was made of the finished text, and of all the writing before it."""
        if written > 0:
            self.deriving = _mean(self.deriving, derived / written)

    def learn_rate(self, words: float, seconds: float) -> None:
        """Takes in the words of a run and the seconds in which they came."""
        if words > 0 and seconds > 0:
            self.rate = _mean(self.rate, words / seconds)

    def learn_planning(self, seconds: float | None, forecast: "Forecast") -> None:
        """Takes in the seconds in which a run was planned; None where no model did."""
        if seconds is not None and self.rate is not None:
            self.planning = _mean(self.planning, seconds * self.rate / max(1, forecast.plan))


def _mean(known: float | None, newest: float) -> float:
    return newest if known is None else _NEWEST * newest + (1 - _NEWEST) * known


@dataclass(frozen=True, slots=True)
class Forecast:
    """Words that a run is expected to write: of its plan, of the facts before its first section, of each text beside
    its sections, by name, of the `results` that are made of its text, and of all `text` before it is planned. A word
    has so many tokens, and so many sections are written `at_once`."""

    plan: int = 0
    facts: int = 0
    pieces: Mapping[str, int] = field(default_factory=dict)
    results: int = 0
    text: int = 0
    tokens_per_word: float = 1.4
    at_once: int = 1


@dataclass(slots=True)
class Paces:
    """The paces that a process has seen, by what decides them; those that were asked for lately."""

    _known: dict[tuple[str, ...], Pace] = field(default_factory=dict)

    def of(self, *key: str, judging: float | None = None, expected: float | None = None) -> Pace:
        """The pace of runs of one kind, such as those of a format and a model. `judging`: the share of a judge of each
        section, `expected`: that of a long check of the whole, each before any was measured; None without one."""
        pace = self._known[key] = self._known.pop(key, Pace())  # the newest last
        if len(self._known) > _MOST_KINDS:
            del self._known[next(iter(self._known))]
        pace.expected = expected
        if judging is not None and pace.judging is None:
            pace.judging = judging
        return pace
