"""Fences: what only the newest writer of a run may change."""

from contextvars import ContextVar

from sqlalchemy import Connection, literal, select

from backend.store.schema.tables import log_heads

_FENCE: ContextVar[tuple[str, int] | None] = ContextVar("fence", default=None)


class StaleCheckpoint(Exception):
    """Error of a checkpoint written by a former writer: the run was taken over, or deleted."""


def hold_epoch(connection: Connection, run_id: str, epoch: int) -> bool:
    """Whether this is the run's newest epoch; then nobody takes the run over before the transaction ends."""
    newest = select(literal(1)).where(log_heads.c.run_id == run_id, log_heads.c.epoch == epoch)
    return connection.scalar(newest.with_for_update(read=True)) is not None


def set_fence(run_id: str, epoch: int) -> None:
    """From here on this task, and those that it starts, write checkpoints of this run only while this is its newest
    epoch. LangGraph knows no epochs; it keeps the context."""
    _FENCE.set((run_id, epoch))


def find_fence() -> tuple[str, int] | None:
    """The run and epoch that were set."""
    return _FENCE.get()
