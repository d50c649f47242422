"""What a caller gives a graph, what it computes, and how the pieces come together: plain data.

Everything here is written into checkpoints, so it is dicts, lists, strings and numbers.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired

# Pydantic, which makes Studio's forms, wants this one below Python 3.12.
from typing_extensions import TypedDict


class PlannedSection(TypedDict):
    """One section of the plan. `index` counts from 0; `target_words` is what to aim at."""

    index: int
    title: str
    summary: str
    target_words: int


class Outline(TypedDict):
    """The plan of the whole text."""

    title: str
    sections: list[PlannedSection]


class Section(TypedDict):
    """A finished section: exactly the text that its readers were sent."""

    index: int
    text: str


class Issue(TypedDict, total=False):
    """Something that a safety check found. `quote` is the passage, `advice` what to do about it."""

    category: str
    severity: Literal["low", "medium", "high"]
    section: int
    quote: str
    advice: str


class Verdict(TypedDict):
    """What a safety check says: `score` 0 (unsafe) to 1, `approved` decides.

    `section` where it is about one; `layers` are the checks that ran, `scores` (0–1) are a judge's.
    """

    stage: Literal["input", "sentence", "section", "final"]
    approved: bool
    score: float
    issues: list[Issue]
    section: NotRequired[int]
    policy: NotRequired[str]
    layers: NotRequired[list[str]]
    scores: NotRequired[dict[str, float]]


def add_verdicts(known: dict[int, Verdict], new: dict[int, Verdict]) -> dict[int, Verdict]:
    """Reducer: the newest verdict on each section."""
    return {**known, **new}


def add_sections(known: dict[int, Section], new: dict[int, Section]) -> dict[int, Section]:
    """Reducer: parallel tasks each bring their own section; a rewritten one replaces the older."""
    return {**known, **new}


class State(TypedDict, total=False):
    """The state of a graph; `input` is the format's own input model, as JSON."""

    input: dict[str, Any]
    outline: Outline
    notes: dict[str, Any]  # what the format's plan keeps for its prompts; readers never see it
    sections: Annotated[dict[int, Section], add_sections]
    judged: Annotated[dict[int, Verdict], add_verdicts]  # by section, where each is judged before it is shown
    safety: Verdict
    rewrites: int
    results: dict[str, Any]  # the format's own results, such as a story's choices
    metadata: dict[str, Any]


class SectionTask(TypedDict):
    """What one `generate_content` task is given: enough to write its section, not the text so far again."""

    input: dict[str, Any]
    outline: Outline
    notes: dict[str, Any]
    index: int
    last_paragraph: str


@dataclass(frozen=True, slots=True)
class RunContext:
    """What may differ from run to run beside the input. Plain data: it has a form in LangGraph Studio."""

    model: str | None = None
    parallel: int = 1
    review_outline: bool = False
    owner: str = "local"


def text_of(sections: dict[int, Section]) -> str:
    """The whole text: the sections in reading order, joined by a blank line."""
    return "\n\n".join(sections[index]["text"] for index in sorted(sections))


def write_order(outline: Outline) -> list[int]:
    """The indices of the planned sections, in reading order."""
    return sorted(section["index"] for section in outline["sections"])
