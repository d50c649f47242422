"""What a version takes over from the run that it is a version of. Pure.

A version is a run of its own. Its graph doesn't begin at the start but with a state that looks as if the
sections that are taken over had just been written, so nobody pays for them again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from backend.store.runs import Run
from workflows.errors import Conflict, FieldError, InvalidInput
from workflows.state import FEEDBACK, Finding, Section, State

_KEPT = ("outline", "notes", "facts", "research", "judged")
"""What of a finished run's state a version needs beside the text."""


@dataclass(frozen=True, slots=True)
class VersionWish:
    """What is to be different. Without a `section` (from 0) all are; without `feedback` they are written anew."""

    section: int | None = None
    feedback: str | None = None
    model: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version comes from. `seed` is None where nothing but the input is taken over."""

    parent_run_id: str
    root_run_id: str
    wish: Mapping[str, Any]
    seed: Mapping[str, Any] | None = None

    def columns(self) -> dict[str, Any]:
        """As the run's row keeps it."""
        return {
            "parent_run_id": self.parent_run_id,
            "root_run_id": self.root_run_id,
            "origin": {"wish": dict(self.wish), "seed": self.seed and dict(self.seed)},
        }


def plan_of(state: State) -> dict[str, Any]:
    """What is kept of a finished run for versions of it, as JSON."""
    kept = {key: state[key] for key in _KEPT if key in state}  # type: ignore[literal-required]
    if "judged" in kept:
        kept["judged"] = {str(index): verdict for index, verdict in kept["judged"].items()}
    return kept


def origin_of(parent: Run, wish: VersionWish) -> Origin:
    """Raises Conflict when the run isn't complete, InvalidInput when it has no such section."""
    if parent.result is None:
        raise Conflict(f"The run is {parent.status}: only a completed run can have another version.")
    count = len(parent.result["sections"])
    if wish.section is not None and wish.section >= count:
        message = f"the run has the sections 0 to {count - 1}"
        raise InvalidInput(f"section: {message}", (FieldError("section", message),))
    seed = None
    if wish.section is not None or wish.feedback is not None:
        if not parent.plan:
            raise Conflict("The plan of this run is not kept, so only a whole new version can be written.")
        seed = _seed(parent.result, parent.plan, wish)
    said = {"section": wish.section, "feedback": wish.feedback}
    return Origin(parent.id, parent.root_run_id or parent.id, said, seed)


def seed_state(run: Run) -> tuple[State, Literal["outline", "safety_check"]] | None:
    """The state that a version begins with, and the node that it seems to come from; None: from the start."""
    if run.origin is None or run.origin["seed"] is None:
        return None
    seed = dict(run.origin["seed"])
    state = cast(State, {**seed, "input": run.input})
    state["sections"] = {section["index"]: section for section in seed["sections"]}
    state["judged"] = {int(index): verdict for index, verdict in seed.get("judged", {}).items()}
    # With feedback the text is there and is revised; without, the section is missing and is written.
    return state, "safety_check" if seed["revising"] else "outline"


def _seed(result: Mapping[str, Any], plan: Mapping[str, Any], wish: VersionWish) -> dict[str, Any]:
    texts = [Section(index=each["index"], text=each["text"]) for each in result["sections"]]
    wanted = [text["index"] for text in texts] if wish.section is None else [wish.section]
    kept = texts if wish.feedback is not None else [text for text in texts if text["index"] not in wanted]
    return {
        **plan,
        "sections": kept,
        "rewrites": 0,
        "revisions": 0,
        "findings": _findings(wanted, wish.feedback),
        "revising": wanted if wish.feedback is not None else [],
        "taken_over": [text["index"] for text in texts if text["index"] not in wanted],
    }


def _findings(sections: list[int], feedback: str | None) -> list[Finding]:
    if feedback is None:
        return []
    return [Finding(rule=FEEDBACK, section=index, advice=feedback, rewrite=True) for index in sections]
