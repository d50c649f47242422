"""Pace of runs: how long checks take beside the writing, learned from the runs before."""

from dataclasses import dataclass, field

_NEWEST = 0.5
"""Weight of the newest run."""
JUDGED_SECTION = 0.5
"""Time of a section's judge, as a share of its writing, before any was measured."""


@dataclass(slots=True)
class Pace:
    """Seconds of checks for each second of writing: `judging` of a section, before the next one begins; `checking` of
    the whole text at the end, and what is `expected` of that before any was measured. None: not known."""

    judging: float | None = None
    checking: float | None = None
    expected: float | None = None

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
        newest = checked / written
        self.checking = newest if self.checking is None else _NEWEST * newest + (1 - _NEWEST) * self.checking


@dataclass(slots=True)
class Paces:
    """The paces that a process has seen, by what decides them."""

    _known: dict[tuple[str, ...], Pace] = field(default_factory=dict)

    def of(self, *key: str, judging: float | None = None, expected: float | None = None) -> Pace:
        """The pace of runs of one kind, such as those of a format and a model. `judging`: the share of a judge of each
        section, `expected`: that of a long check of the whole, each before any was measured; None without one."""
        pace = self._known.setdefault(key, Pace())
        pace.expected = expected
        if judging is not None and pace.judging is None:
            pace.judging = judging
        return pace
