"""What somebody who looks over the settings has to say."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["good", "doubtful", "bad"]


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One thing that was looked at: a sentence that says how it is and, where it isn't good, what to change.

    `bad`: runs fail because of it. `doubtful`: something that is set up, but not what a run needs by default.
    """

    level: Level
    about: str
    message: str
