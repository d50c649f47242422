"""What a caller gives a graph, what it computes, and how the pieces come together: plain data.

Everything here is written into checkpoints, so it is dicts, lists, strings and numbers.
"""

from dataclasses import dataclass
from operator import add
from typing import Annotated, Any, Literal, NotRequired, TypeVar

from pydantic import Field

# Pydantic, which makes Studio's forms, wants this one below Python 3.12.
from typing_extensions import TypedDict

from workflows.text.length import SectionLength

_T = TypeVar("_T")


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


class Source(TypedDict):
    """Where a fact comes from. `date` as the source has it; empty strings for what isn't known."""

    title: str
    publisher: str
    date: str
    url: str


class Facts(TypedDict):
    """What the sections share of the matter: found or made with the first of them, and shown to readers."""

    canonical_pack: dict[str, Any]
    sources: list[Source]


class PlannedPiece(TypedDict):
    """A text of its own that is made beside the sections, such as a short form. `name` is its key: `M1`."""

    name: str
    title: str
    target_words: int


class Piece(PlannedPiece):
    """A finished piece: exactly the text that its readers were sent."""

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

    `section` or `piece` where it is about one; `layers` are the checks that ran, `scores` (0–1) are a judge's.
    """

    stage: Literal["input", "sentence", "section", "final"]
    approved: bool
    score: float
    issues: list[Issue]
    section: NotRequired[int]
    piece: NotRequired[str]
    policy: NotRequired[str]
    layers: NotRequired[list[str]]
    scores: NotRequired[dict[str, float]]


class Finding(TypedDict):
    """What a format's own review found: the rule that doesn't hold, and what to do about it.

    `rewrite` asks for the section to be written again. Without a `section` nothing can be: it is only
    reported. `quote` is the passage.
    """

    rule: str
    advice: str
    rewrite: bool
    section: NotRequired[int]
    quote: NotRequired[str]


FEEDBACK = "feedback"
"""The rule of a finding that a person made. It counts as no revision of the format's own."""


def add_verdicts(known: dict[int, Verdict], new: dict[int, Verdict]) -> dict[int, Verdict]:
    """Reducer: the newest verdict on each section."""
    return {**known, **_by_number(new)}


def add_sections(known: dict[int, Section], new: dict[int, Section]) -> dict[int, Section]:
    """Reducer: parallel tasks each bring their own section; a rewritten one replaces the older."""
    return {**known, **_by_number(new)}


def _by_number(items: dict[int, _T]) -> dict[int, _T]:
    """An edit in LangGraph Studio comes as JSON, whose keys are texts."""
    return {int(index): item for index, item in items.items()}


def add_lengths(known: dict[int, SectionLength], new: dict[int, SectionLength]) -> dict[int, SectionLength]:
    """Reducer: as `add_sections`."""
    return {**known, **_by_number(new)}


def newest(known: _T, new: _T) -> _T:
    """Reducer: tasks that are done in one step may each bring it; the last one stays."""
    del known
    return new


class State(TypedDict, total=False):
    """The state of a graph; `input` is the format's own input model, as JSON."""

    input: dict[str, Any]
    outline: Outline
    notes: dict[str, Any]  # what the format's plan keeps for its prompts; readers never see it
    sections: Annotated[dict[int, Section], add_sections]
    lengths: Annotated[dict[int, SectionLength], add_lengths]  # by section, where lengths are kept
    facts: Annotated[Facts, newest]
    research: dict[str, Any] | None  # notes for the prompts of later sections; readers never see them
    judged: Annotated[dict[int, Verdict], add_verdicts]  # by section, where each is judged before it is shown
    safety: Verdict
    pieces: dict[str, Piece]  # by name, in reading order
    rewrites: Annotated[int, newest]  # made because the safety check found fault
    findings: list[Finding]  # of the format's last review
    revising: list[int]  # the sections that are written again because of them, until the next check
    revisions: Annotated[int, newest]  # made because a review asked for it
    mended: Annotated[list[int], add]  # the sections that were written again since the last check
    taken_over: list[int]  # sections of the version before, which a review leaves as they are
    results: dict[str, Any]  # the format's own results, such as a story's choices
    metadata: dict[str, Any]
    spent: Annotated[list[dict[str, Any]], add]  # what each call cost, as its node told it


class SectionTask(TypedDict):
    """What one `generate_content` task is given: enough to write its section, not the text so far again.

    `target_words` is the section's target, planned anew from what was written before; `ask_words` is what to
    ask the model for so that it comes out at that.
    """

    input: dict[str, Any]
    outline: Outline
    notes: dict[str, Any]
    index: int
    last_paragraph: str
    target_words: int
    ask_words: int
    facts: Facts | None
    research: dict[str, Any]


class RewriteTask(SectionTask):
    """What one `enhance_content` task is given: `section` as it is, the `notes_on_it`, and what the state counts
    when it is done: all tasks of one pass bring the same `rewrites` and `revisions`."""

    section: Section
    notes_on_it: list[Issue]
    reason: Literal["safety", "revision"]
    rewrites: int
    revisions: int


@dataclass(frozen=True, slots=True)
class RunContext:
    """What may differ from run to run beside the input. Plain data: it has a form in LangGraph Studio."""

    model: Annotated[str | None, Field(description="provider:model; the default one when left out")] = None
    parallel: Annotated[int, Field(ge=1, description="Sections that are written at once")] = 1
    review_outline: Annotated[bool, Field(description="Wait after the plan for a person to edit it")] = False
    keep_length: Annotated[
        bool, Field(description="Hold sections to their length, where the format does")
    ] = True
    owner: Annotated[str, Field(description="Whose library the input refers to")] = "local"


def text_of(sections: dict[int, Section]) -> str:
    """The whole text: the sections in reading order, joined by a blank line."""
    return "\n\n".join(sections[index]["text"] for index in sorted(sections))


def plan_text(outline: Outline) -> str:
    """The plan as readers see it: the title, then each section's title and summary on a line."""
    sections = (f"{section['title']}: {section['summary']}" for section in outline["sections"])
    return "\n".join([outline["title"], *sections])


def summary_of(outline: Outline) -> str:
    """What happens in the text, as the plan has it."""
    return " ".join(section["summary"] for section in outline["sections"])


def write_order(outline: Outline) -> list[int]:
    """The indices of the planned sections, in reading order."""
    return sorted(section["index"] for section in outline["sections"])
