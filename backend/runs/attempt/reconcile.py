"""Reconciliation of log and checkpoint, two files between which a crash may fall, in either order. Pure.

Section by section: what the checkpoint has and the log lacks is appended from the checkpoint, never
bought again; what the log has and the checkpoint lacks is retracted, and will be written again.
"""

from collections.abc import Callable, Iterator

from workflows.errors import Internal
from workflows.faults import sections_at_fault
from workflows.messages.messages import (
    FactsGathered,
    Message,
    MetricsCalculated,
    OutlinePlanned,
    TextRetracted,
)
from workflows.messages.transcript import Transcript
from workflows.state import Section, State, text_of

Shown = Callable[[State, Section], tuple[str, bool]]
"""What readers may have of a section of the state, and whether that is all of it."""


def show_all(state: State, section: Section) -> tuple[str, bool]:
    """The gate of a run without one: every section, whole."""
    del state
    return section["text"], True


def unless_logged(transcript: Transcript, shown: Shown) -> Shown:
    """`shown` without a second check of a section that this attempt has logged whole: a gate let it pass."""

    def show(state: State, section: Section) -> tuple[str, bool]:
        index, text = section["index"], section["text"]
        if transcript.is_finished(index) and transcript.text_of(index) == text:
            return text, True
        return shown(state, section)

    return show


def reconcile(transcript: Transcript, state: State, shown: Shown = show_all) -> Iterator[Message]:
    """The messages that bring the log up to the checkpoint; usually none.

    What a gate holds back isn't logged in this way either: `shown` says what may be.
    """
    yield from _outline(transcript, state)
    sections, at_fault = state.get("sections", {}), sections_at_fault(state)
    for index in transcript.started:
        if index not in sections:
            yield TextRetracted(section=index, reason="restart")
    for index in sorted(sections):
        if index in at_fault:
            yield from _withhold(transcript, sections[index])
        else:
            text, is_whole = shown(state, sections[index])
            yield from transcript.lacking(index, text if text or is_whole else None, is_whole=is_whole)
    yield from _facts(transcript, state)
    yield from _pieces(transcript, state)
    if state.get("metadata") and transcript.metadata is None:
        yield MetricsCalculated.model_validate(state["metadata"])


def check_agreement(transcript: Transcript, state: State) -> None:
    """Raises Internal where what was sent is not what the graph has."""
    if transcript.text != text_of(state["sections"]):
        raise Internal("The text that was checked is not the text that was sent; it is kept back.")
    sent = {name: transcript.text_of(name) for name in transcript.pieces}
    if sent != {name: piece["text"] for name, piece in state.get("pieces", {}).items()}:
        raise Internal("A piece that was checked is not the one that was sent; it is kept back.")


def _outline(transcript: Transcript, state: State) -> Iterator[Message]:
    if "outline" in state:
        outline = OutlinePlanned.model_validate(state["outline"])
        if transcript.outline != outline:
            yield outline


def _facts(transcript: Transcript, state: State) -> Iterator[Message]:
    if state.get("facts"):
        facts = FactsGathered.model_validate(state["facts"])
        if transcript.facts != facts:
            yield facts


def _pieces(transcript: Transcript, state: State) -> Iterator[Message]:
    """Messages for the pieces. Those in the state were approved; others are written again, or were left out."""
    pieces = state.get("pieces", {})
    for name in transcript.pieces:
        if name not in pieces:
            yield TextRetracted(section=0, piece=name, reason="restart")
    for name, piece in pieces.items():
        yield from transcript.lacking(name, piece["text"], is_whole=True)


def _withhold(transcript: Transcript, section: Section) -> Iterator[Message]:
    """Messages for a section at fault whose rewrite was under way: what was retracted isn't shown again."""
    index = section["index"]
    if transcript.has_begun(index) and transcript.text_of(index) != section["text"]:
        yield TextRetracted(section=index, reason="restart")
