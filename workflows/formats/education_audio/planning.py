"""Division of the document among the sections of a lesson. Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from workflows.errors import InvalidInput
from workflows.formats.speech.exports.renderers import WORDS_PER_MINUTE
from workflows.models.spec import ModelSpec
from workflows.state import Outline, SectionTask
from workflows.text.language import guess_language
from workflows.text.parts import divide, list_passages
from workflows.text.words import count_words

_FILE = Path(__file__).parent / "windows.toml"
_OTHERWISE = 3000
_SECTION_WORDS = 280
"""Two minutes: as much as a listener takes in at a time."""
_LEAST_WORDS = 60
_LABELS_AND_TAGS = 1.08
"""Where lengths are kept they are counted too, but not spoken."""
_MOST_SECTIONS = 12
_BEGINNING_WORDS = 120


@dataclass(frozen=True, slots=True)
class Division:
    """The document's passages, and the range (first, one after the last) of each section."""

    passages: list[str]
    runs: list[tuple[int, int]]
    window: int

    @property
    def parts(self) -> list[str]:
        """The texts of the parts."""
        return ["\n\n".join(self.passages[first:last]) for first, last in self.runs]

    @property
    def notes(self) -> dict[str, Any]:
        """The division as it is kept with the plan, as JSON."""
        return {"window": self.window, "parts": [list(run) for run in self.runs]}


def window_of(model: ModelSpec) -> int:
    """The number of words of a document that fit into one prompt to this model."""
    windows = _windows()
    return windows.get(str(model), windows.get(model.provider, _OTHERWISE))


def divide_document(text: str, minutes: int, window: int) -> Division:
    """The division: as many parts as the minutes make sections, or more where the window requires it.

    Raises InvalidInput when the document is too long to be told in the time.
    """
    passages = list_passages(text, window, guess_language(text))
    wanted = minutes * WORDS_PER_MINUTE
    sections = max(1, min(_MOST_SECTIONS, round(wanted / _SECTION_WORDS)))
    runs = divide(passages, sections, window)
    least = len(runs) * _LEAST_WORDS / WORDS_PER_MINUTE
    if len(runs) > sections and least > minutes:
        message = (
            f"the document has {count_words(text)} words; with this model it is worked through in {len(runs)} parts, "
            f"which takes {int(least) + 1} minutes or more"
        )
        raise InvalidInput.of("input.target_minutes", message)
    return Division(passages, runs, window)


def part_of(task: SectionTask, text: str) -> str:
    """The part of the document that the task's section is made from."""
    return part_at(task["index"], task["outline"], task["notes"], text)


def part_at(index: int, outline: Outline, notes: Mapping[str, Any], text: str) -> str:
    """The part of the document that a section is made from, by its index.

    If a person gave the plan more or fewer sections, the document is divided anew among them.
    """
    sections = outline["sections"]
    passages = list_passages(text, notes["window"], guess_language(text))
    runs = [(first, last) for first, last in notes["parts"]]
    if len(runs) != len(sections):
        runs = divide(passages, len(sections), max(notes["window"], count_words(text)))
    place = [section["index"] for section in sections].index(index)
    if place >= len(runs):  # more sections than passages
        return passages[-1]
    first, last = runs[place]
    return "\n\n".join(passages[first:last])


def words_in(minutes: int) -> int:
    """Words of a lesson of that length, with its labels and tags."""
    return round(minutes * WORDS_PER_MINUTE * _LABELS_AND_TAGS)


def share_words(parts: list[str], minutes: int) -> list[int]:
    """Word targets of the sections, by the lengths of their parts of the document."""
    total = words_in(minutes)
    # By the square root: a part of twice the length has more to leave out.
    weights = [count_words(part) ** 0.5 or 1.0 for part in parts]
    return [max(_LEAST_WORDS, round(total * weight / sum(weights))) for weight in weights]


def beginning_of(part: str) -> str:
    """The beginning of a part, for the prompt of the plan."""
    words = part.split(" ")
    return part if len(words) <= _BEGINNING_WORDS else " ".join(words[:_BEGINNING_WORDS]) + " …"


@cache
def _windows() -> dict[str, int]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)
