"""Findings of a check of the settings."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["good", "doubtful", "bad"]


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """A finding: a sentence on the state of something and, where it isn't good, the remedy.

    `bad`: runs fail because of it. `doubtful`: something that is set up, but not what a run needs by default.
    """

    level: Level
    about: str
    message: str
