"""What a caller gives a graph, what it computes, and how the pieces come together: plain data.

Everything here is written into checkpoints, so it is dicts, lists, strings and numbers.
"""

from dataclasses import dataclass
from operator import add
from typing import Annotated, Any, Literal, NotRequired, TypeVar

from pydantic import Field

# Pydantic, which makes Studio's forms, wants this one below Python 3.12.
from typing_extensions import TypedDict

from workflows.messages.messages import CheckStage, PlannedSection, SafetyIssue, Source
from workflows.text.length import SectionLength

_T = TypeVar("_T")


class Outline(TypedDict):
    """The plan of the whole text."""

    title: str
    sections: list[PlannedSection]


class Section(TypedDict):
    """A finished section: exactly the text that its readers were sent."""

    index: int
    text: str


class Facts(TypedDict):
    """What the sections share of the matter: found or made with the first of them, and shown to readers."""

    canonical_pack: dict[str, Any]
    sources: list[Source]


class EarlierSection(TypedDict):
    """A finished section as a prompt for a later one has it: `notes` that were written with it, or its summary."""

    index: int
    title: str
    notes: str


class TextSoFar(TypedDict):
    """What a prompt has of the text before: `notes` on sections farther back, then `texts` verbatim, section by
    section. Without notes it is the whole text."""

    notes: list[EarlierSection]
    texts: list[str]


class PlannedPiece(TypedDict):
    """A text of its own that is made beside the sections, such as a short form. `name` is its key: `M1`."""

    name: str
    title: str
    target_words: int


class Piece(PlannedPiece):
    """A finished piece: exactly the text that its readers were sent."""

    text: str


class Verdict(TypedDict):
    """What a safety check says: `score` 0 (unsafe) to 1, `approved` decides.

    `section` or `piece` where it is about one; `layers` are the checks that ran, `scores` (0–1) are a judge's.
    """

    stage: CheckStage
    approved: bool
    score: float
    issues: list[SafetyIssue]
    section: NotRequired[int]
    piece: NotRequired[str]
    policy: NotRequired[str]
    layers: NotRequired[list[str]]
    scores: NotRequired[dict[str, float]]


class ReviewFinding(TypedDict):
    """What a format's own review found: the rule that doesn't hold, and what to do about it.

    `rewrite` asks for the section to be written again. Without a `section` nothing can be: it is only
    reported. `quote` is the passage.
    """

    rule: str
    advice: str
    rewrite: bool
    section: NotRequired[int]
    quote: NotRequired[str]


class SectionFaults(TypedDict):
    """Why a section is written again before the next one begins: `notes` for its writer."""

    reason: Literal["safety", "revision"]
    notes: list[SafetyIssue]


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


def add_faults(known: dict[int, SectionFaults], new: dict[int, SectionFaults]) -> dict[int, SectionFaults]:
    """Reducer: as `add_sections`."""
    return {**known, **_by_number(new)}


def note_on(finding: ReviewFinding, section: int) -> SafetyIssue:
    """A finding as the writer of the section is told of it."""
    note = SafetyIssue(category=finding["rule"], severity="medium", section=section, advice=finding["advice"])
    return SafetyIssue(**note, quote=finding["quote"]) if "quote" in finding else note


def add_section_notes(known: dict[int, str], new: dict[int, str]) -> dict[int, str]:
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
    section_notes: Annotated[dict[int, str], add_section_notes]  # by section, for the prompts of later ones
    facts: Annotated[Facts, newest]
    research: dict[str, Any] | None  # notes for the prompts of later sections; readers never see them
    judged: Annotated[dict[int, Verdict], add_verdicts]  # by section, where each is judged before it is shown
    faults: Annotated[dict[int, SectionFaults], add_faults]  # by section, with one section at a time
    mended: Annotated[list[int], add]  # sections that were written again before the next one began
    safety: Verdict
    pieces: dict[str, Piece]  # by name, in reading order
    rewrites: Annotated[int, newest]  # made because the safety check found fault
    findings: list[ReviewFinding]  # of the format's last review
    revising: list[int]  # the sections that are written again because of them, until the next check
    revisions: Annotated[int, newest]  # made because a review asked for it
    rewritten: Annotated[list[int], add]  # the sections that were written again since the last check
    inherited: list[int]  # sections of the version before, which a review leaves as they are
    results: dict[str, Any]  # the format's own results, such as a story's choices
    metadata: dict[str, Any]
    spent: Annotated[list[dict[str, Any]], add]  # what each call cost, as its node told it


class SectionTask(TypedDict):
    """What one `generate_content` task is given: all that its section is written from.

    `text_so_far` has what was finished when the task was handed out, and a task that is taken up again has the same
    (one of an older version has none).
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
    """What one `enhance_content` task is given: `section` as it is, the `review_notes`, and what the state counts
    when it is done: all tasks of one pass bring the same `rewrites` and `revisions`."""

    section: Section
    review_notes: list[SafetyIssue]
    reason: Literal["safety", "revision"]
    rewrites: int
    revisions: int
    in_order: NotRequired[bool]  # before the next section begins


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


SECTION_NODES = ("generate_content", "enhance_content")
"""The nodes that write a section."""


def sections_at_fault(state: State) -> set[int]:
    """Sections that a check or a review found fault with and that aren't rewritten yet."""
    found = set(state.get("revising", ())) | set(sections_to_mend(state))
    verdict = state.get("safety")
    if verdict is not None and not verdict["approved"]:
        found |= {issue["section"] for issue in verdict["issues"] if "section" in issue}
    return found - set(state.get("rewritten", ()))


def sections_to_mend(state: State) -> list[int]:
    """Sections that are written again before the next one begins, once each."""
    done = {*state.get("mended", ()), *state.get("inherited", ())}
    return sorted(set(state.get("faults", {})) & set(state.get("sections", {})) - done)


class VersionPlan(TypedDict, total=False):
    """What of a finished run's state a version of it needs beside the text, as it stands there."""

    outline: Outline
    notes: dict[str, Any]
    section_notes: dict[int, str]
    facts: dict[str, Any]
    research: dict[str, Any] | None
    judged: dict[int, dict[str, Any]]


class VersionSeed(VersionPlan):
    """A state as if the sections that a version takes over had just been written. With feedback the text of the others
    is there too, to be revised."""

    sections: list[Section]
    findings: list[ReviewFinding]
    revising: list[int]
    inherited: list[int]


def version_plan(state: State) -> VersionPlan:
    """The part of a finished run's state that is kept for versions of it."""
    kept: Any = {key: state[key] for key in VersionPlan.__annotations__ if key in state}  # type: ignore[literal-required]
    return kept  # type: ignore[no-any-return]


def seed_version(
    plan: VersionPlan, texts: list[Section], section: int | None, feedback: str | None
) -> VersionSeed:
    """The seed of a version in which one `section` (None: every one) is revised by `feedback`, or written anew."""
    every = [text["index"] for text in texts]
    wanted = every if section is None else [section]
    revised = feedback is not None
    return VersionSeed(
        **plan,
        sections=texts if revised else [text for text in texts if text["index"] not in wanted],
        findings=[
            ReviewFinding(rule=FEEDBACK, section=index, advice=feedback, rewrite=True)
            for index in wanted
            if feedback is not None
        ],
        revising=wanted if revised else [],
        inherited=[index for index in every if index not in wanted],
    )


def seeded_state(
    seed: VersionSeed, given: dict[str, Any]
) -> tuple[State, Literal["outline", "safety_check"]]:
    """The state that a version begins with, and the node that it seems to come from."""
    values: Any = {
        **seed,
        "input": given,
        "sections": {section["index"]: section for section in seed["sections"]},
        "rewrites": 0,
        "revisions": 0,
    }
    return values, "safety_check" if seed["revising"] else "outline"
