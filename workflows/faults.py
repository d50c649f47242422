"""Faults that checks and reviews found in sections: which are written again, and which nobody may go on from. Pure."""

from workflows.state import Section, State
from workflows.verdicts import stands

MAX_REWRITES = 2
"""How often a section may be written again because it is unsafe."""


def is_safe(state: State) -> bool:
    """Whether no check of the whole asks for a rewrite. A run that begins with a revision has no verdict yet."""
    return "safety" not in state or stands(state["safety"])


def sections_at_fault(state: State) -> set[int]:
    """The sections with faults by a check or a review that aren't rewritten yet."""
    found = set(state.get("revising", ())) | set(sections_to_rewrite_in_order(state)) | _named(state)
    return found - set(state.get("rewritten", ()))


def sections_to_rewrite_in_order(state: State) -> list[int]:
    """Sections that are written again before the next one begins: an unsafe one as often as is allowed, one that a
    review found fault with once. None without a rewrite left: nobody could mend what a revision might spoil."""
    revised = state.get("revised_in_order", ())
    open_faults = (
        index
        for index, faults in state.get("faults", {}).items()
        if has_rewrites_left(state, index) and (faults["reason"] == "safety" or index not in revised)
    )
    return sorted(set(open_faults) & set(state.get("sections", {})) - set(state.get("inherited", ())))


def unfit_sections(state: State) -> set[int]:
    """Sections that a check found unsafe, as they stand: no prompt may go on from them."""
    found = {index for index, faults in state.get("faults", {}).items() if faults["reason"] == "safety"}
    found |= {index for index, verdict in state.get("judged", {}).items() if not verdict["approved"]}
    found |= {index for index, one in state.get("sections", {}).items() if _is_stopped(one)}
    return found | (_named(state) - set(state.get("rewritten", ())))


def has_rewrites_left(state: State, index: int) -> bool:
    """Whether the section may be written again if it is found unsafe."""
    return state.get("rewrites", 0) + rewrites_in_order(state, {index}) < MAX_REWRITES


def rewrites_in_order(state: State, sections: set[int] | None = None) -> int:
    """How often one of these sections (None: any) was written again as unsafe before the next one began, at most."""
    done = state.get("rewritten_in_order", [])
    return max((done.count(index) for index in set(done) if sections is None or index in sections), default=0)


def _named(state: State) -> set[int]:
    """The sections that the check of the whole names."""
    return set() if is_safe(state) else {i["section"] for i in state["safety"]["issues"] if "section" in i}


def _is_stopped(section: Section) -> bool:
    """Whether a provider's moderation stopped it while it was written."""
    return "moderation" in section and bool(section["moderation"]["issues"])
