"""State of a graph, its input and its reducers: plain data.

Everything here is written into checkpoints, so it is dicts, lists, strings and numbers.
"""

from dataclasses import dataclass
from operator import add
from typing import Annotated, Any, Literal, NotRequired, TypeVar

from pydantic import Field

# Pydantic, which makes Studio's forms, wants this one below Python 3.12.
from typing_extensions import TypedDict

from workflows.messages.messages import PlannedSection, SafetyIssue, Source
from workflows.text.streams.length import SectionLength
from workflows.verdicts import ReviewFinding, SectionFaults, Verdict

_T = TypeVar("_T")


class Outline(TypedDict):
    """The plan of the whole text."""

    title: str
    sections: list[PlannedSection]


class ModeratedSentences(TypedDict):
    """Result of a provider's moderation of a section's sentences while they streamed.

    `shown`: the characters of the text that passed, all of them unless there are `issues`. `sentences` had an answer,
    `unanswered` ones none; milliseconds for which they were held.
    """

    sentences: int
    unanswered: int
    held_ms_max: float
    held_ms_sum: float
    shown: int
    issues: list[SafetyIssue]


class Section(TypedDict):
    """A finished section: exactly the text that its readers received, but for what a check withholds."""

    index: int
    text: str
    moderation: NotRequired[ModeratedSentences]


class Facts(TypedDict):
    """The facts shared by the sections: found or made with the first of them, and shown to readers."""

    canonical_pack: dict[str, Any]
    sources: list[Source]


class EarlierSection(TypedDict):
    """A finished section as a prompt for a later one has it: `notes` that were written with it, or its summary."""

    index: int
    title: str
    notes: str


class TextSoFar(TypedDict):
    """Text before a section, for its prompt: `notes` on sections farther back, then `texts` verbatim, section by
    section. Without notes it is the whole text, but for those `withheld` as unfit, which have their summary by the
    plan."""

    notes: list[EarlierSection]
    texts: list[str]
    withheld: NotRequired[list[EarlierSection]]


class PlannedPiece(TypedDict):
    """A planned text of its own beside the sections, such as a short form. `name` is its key: `M1`."""

    name: str
    title: str
    target_words: int


class Piece(PlannedPiece):
    """A finished piece: exactly the text that its readers received."""

    text: str


class OpenPiece(PlannedPiece):
    """A piece that isn't at its end: its `text` so far, and the `words` that it may still have."""

    text: str
    words: int


def add_verdicts(known: dict[int, Verdict], new: dict[int, Verdict]) -> dict[int, Verdict]:
    """Reducer: the newest verdict on each section."""
    return {**known, **_by_number(new)}


def add_sections(known: dict[int, Section], new: dict[int, Section]) -> dict[int, Section]:
    """Reducer: parallel tasks each return their own section; a rewritten one replaces the older."""
    return {**known, **_by_number(new)}


def _by_number(items: dict[int, _T]) -> dict[int, _T]:
    """The mapping with integer keys: an edit in LangGraph Studio comes as JSON, whose keys are strings."""
    return {int(index): item for index, item in items.items()}


def add_lengths(known: dict[int, SectionLength], new: dict[int, SectionLength]) -> dict[int, SectionLength]:
    """Reducer: as `add_sections`."""
    return {**known, **_by_number(new)}


def add_faults(known: dict[int, SectionFaults], new: dict[int, SectionFaults]) -> dict[int, SectionFaults]:
    """Reducer: the newest faults of each section; those without notes are mended, and gone."""
    return {index: faults for index, faults in {**known, **_by_number(new)}.items() if faults["notes"]}


def add_section_notes(known: dict[int, str], new: dict[int, str]) -> dict[int, str]:
    """Reducer: as `add_sections`."""
    return {**known, **_by_number(new)}


def newest(known: _T, new: _T) -> _T:
    """Reducer: concurrent tasks of a step may each return it; the last one stays."""
    del known
    return new


class State(TypedDict, total=False):
    """The state of a graph; `input` is the format's own input model, as JSON."""

    input: dict[str, Any]
    language: str  # of the text, for its sentences
    outline: Outline
    notes: dict[str, Any]  # what the format's plan keeps for its prompts; readers never see it
    sections: Annotated[dict[int, Section], add_sections]
    lengths: Annotated[dict[int, SectionLength], add_lengths]  # by section, where lengths are kept
    section_notes: Annotated[dict[int, str], add_section_notes]  # by section, for the prompts of later ones
    facts: Annotated[Facts, newest]
    research: dict[str, Any] | None  # notes for the prompts of later sections; readers never see them
    judged: Annotated[dict[int, Verdict], add_verdicts]  # by section, where each is judged before it is shown
    faults: Annotated[dict[int, SectionFaults], add_faults]  # by section, with one section at a time
    # Sections that were written again before the next one began, once a rewrite: as unsafe, and by a review.
    rewritten_in_order: Annotated[list[int], add]
    revised_in_order: Annotated[list[int], add]
    safety: Verdict
    pieces: dict[str, Piece]  # by name, in reading order
    rewrites: Annotated[int, newest]  # made because the safety check found fault
    findings: list[ReviewFinding]  # of the format's last review
    reviewed: dict[str, Any]  # what that review measured
    revising: list[int]  # the sections that are written again because of them, until the next check
    revisions: Annotated[int, newest]  # made because a review asked for it
    rewritten: Annotated[list[int], add]  # the sections that were written again since the last check
    inherited: list[int]  # sections of the version before, which a review leaves as they are
    wishes: list[
        ReviewFinding
    ]  # a person's, for a version: whatever has their section written again, they hold
    results: dict[str, Any]  # the format's own results, such as a story's choices
    metadata: dict[str, Any]
    spent: Annotated[list[dict[str, Any]], add]  # what each call cost, as its node reported it


class SectionTask(TypedDict):
    """Input of a `generate_content` task: all that its section is written from. In a checkpoint it has only what was
    decided on it (`section_tasks.shorten_tasks`).

    `text_so_far` has what was finished when the task was handed out; in sequence, a task that is taken up again has the
    same (one of an older version has none).
    `wants_notes` asks for notes on the section, which stand in for it in later prompts. `target_words` is the section's
    target, planned anew from what was written before; `ask_words` is what to ask the model for so that it comes out at
    that.
    """

    input: dict[str, Any]
    outline: Outline
    notes: dict[str, Any]
    index: int
    last_paragraph: str
    text_so_far: NotRequired[TextSoFar]
    wants_notes: NotRequired[bool]
    target_words: int
    ask_words: int
    facts: Facts | None
    research: dict[str, Any]


class RewriteTask(SectionTask):
    """Input of an `enhance_content` task: the present `section`, the `review_notes`, and the counts after it: all
    tasks of one pass return the same `rewrites` and `revisions`."""

    section: Section
    review_notes: list[SafetyIssue]
    reason: Literal["safety", "revision"]
    rewrites: int
    revisions: int
    in_order: NotRequired[bool]  # before the next section begins


@dataclass(frozen=True, slots=True)
class RunContext:
    """Parameters of a run beside the input. Plain data: it has a form in LangGraph Studio."""

    model: Annotated[str | None, Field(description="provider:model; the default one when left out")] = None
    parallel: Annotated[int, Field(ge=1, description="Sections that are written at once")] = 1
    review_outline: Annotated[bool, Field(description="Wait after the plan for a person to edit it")] = False
    keep_length: Annotated[
        bool, Field(description="Hold sections to their length, where the format does")
    ] = True
    today: Annotated[
        str | None,
        Field(
            pattern=r"^\d{4}-\d{2}-\d{2}$", description="The reader's date, YYYY-MM-DD; today when left out"
        ),
    ] = None
    owner: Annotated[str, Field(description="Whose library the input refers to")] = "local"


def text_of(sections: dict[int, Section]) -> str:
    """The whole text: the sections in reading order, joined by a blank line."""
    return "\n\n".join(sections[index]["text"] for index in sorted(sections))


def texts_of(state: State) -> dict[int, str]:
    """The text of each finished section, by its index."""
    return {index: section["text"] for index, section in state["sections"].items()}


def plan_text(outline: Outline) -> str:
    """The plan as readers see it: the title, then a line for each section's title and summary."""
    sections = (f"{section['title']}: {section['summary']}" for section in outline["sections"])
    return "\n".join([outline["title"], *sections])


def summary_of(outline: Outline) -> str:
    """Summary of the text by its plan."""
    return " ".join(section["summary"] for section in outline["sections"])


def write_order(outline: Outline) -> list[int]:
    """The indices of the planned sections, in reading order."""
    return sorted(section["index"] for section in outline["sections"])


SECTION_NODES = ("generate_content", "enhance_content")
"""The nodes that write a section."""
