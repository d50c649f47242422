"""Versions of a text: what is kept of a finished run for them, and the state that each begins with. Pure."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from workflows.state import Outline, Section, State
from workflows.verdicts import FEEDBACK, ReviewFinding


class VersionPlan(TypedDict, total=False):
    """The part of a finished run's state, beside the text, that its versions need."""

    language: str
    outline: Outline
    notes: dict[str, Any]
    section_notes: dict[int, str]
    facts: dict[str, Any]
    research: dict[str, Any] | None
    judged: dict[int, dict[str, Any]]


class VersionSeed(VersionPlan):
    """A state as if the sections taken over by a version had just been written. With feedback it also has the
    others' text, to be revised."""

    sections: list[Section]
    findings: list[ReviewFinding]
    revising: list[int]
    inherited: list[int]
    wishes: NotRequired[list[ReviewFinding]]


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
    wishes = [
        ReviewFinding(rule=FEEDBACK, section=index, advice=feedback, rewrite=True)
        for index in wanted
        if feedback is not None
    ]
    return VersionSeed(
        **plan,
        sections=texts if revised else [text for text in texts if text["index"] not in wanted],
        findings=wishes,
        revising=wanted if revised else [],
        inherited=[index for index in every if index not in wanted],
        wishes=wishes,
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
