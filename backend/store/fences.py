"""Fences: what only the newest writer of a run may change."""

from sqlalchemy import Connection, literal, select

from backend.store.tables import log_heads


def hold_epoch(connection: Connection, run_id: str, epoch: int) -> bool:
    """Whether this is the run's newest epoch; then nobody takes the run over before the transaction ends."""
    newest = select(literal(1)).where(log_heads.c.run_id == run_id, log_heads.c.epoch == epoch)
    return connection.scalar(newest.with_for_update(read=True)) is not None
