"""Last messages of a run. Pure."""

import hashlib

from workflows.errors import StorywireError
from workflows.messages.messages import (
    Partial,
    PieceResult,
    RunCompleted,
    RunFailed,
    SectionResult,
    UsageUpdated,
)
from workflows.messages.transcript import Transcript
from workflows.state import Piece, State, text_of
from workflows.text.words import count_words


def complete(run_id: str, state: State, usage: UsageUpdated) -> RunCompleted:
    """The `complete` message: the whole text, as the readers have it."""
    text = text_of(state["sections"])
    return RunCompleted(
        run_id=run_id,
        title=state["outline"]["title"],
        story_content=text,
        sections=[
            SectionResult(
                index=planned["index"],
                title=planned["title"],
                text=state["sections"][planned["index"]]["text"],
                words=count_words(state["sections"][planned["index"]]["text"]),
            )
            for planned in state["outline"]["sections"]
        ],
        pieces=[_piece(piece) for piece in state.get("pieces", {}).values()],
        sha256=_digest(text),
        metadata=state["metadata"],
        usage=usage,
        **state.get("results", {}),
    )


def _piece(piece: Piece) -> PieceResult:
    return PieceResult(**piece, words=count_words(piece["text"]), sha256=_digest(piece["text"]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def failure(error: StorywireError, transcript: Transcript) -> RunFailed:
    """The `error` message: the reason, and the partial text."""
    return RunFailed(
        code=error.code,
        message=error.message,
        retryable=error.retryable,
        resumable=error.resumable,
        partial=Partial(sections_completed=len(transcript.finished), words=transcript.words),
    )
