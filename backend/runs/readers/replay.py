"""Replay of a run's log from its start, within the service."""

import structlog

from backend.log.base import RunLog
from backend.log.entry import Entry
from workflows.messages.lenient import decode_stored
from workflows.messages.messages import Message
from workflows.messages.transcript import Transcript

log = structlog.get_logger()

_BATCH = 1000


async def replay(run_log: RunLog, run_id: str) -> tuple[Transcript, int]:
    """The transcript as readers have it now, and the seq of the last message (0: none).

    An entry that a later version wrote is read as far as it can be, as every reader does; one that can't be read at all
    is left out.
    """
    transcript, seq = Transcript(), 0
    while True:
        entries = await run_log.read(run_id, seq, _BATCH)
        for entry in entries:
            if (message := read_entry(run_id, entry)) is not None:
                transcript.apply(message)
        seq = entries[-1].seq if entries else seq
        if len(entries) < _BATCH:  # that was all: no other transaction is needed to find it out
            return transcript, seq


def read_entry(run_id: str, entry: Entry) -> Message | None:
    """The entry's message; None for one that this version can't read."""
    message = decode_stored(entry.data)
    if message is None:
        report_unreadable(run_id, entry)
    return message


def report_unreadable(run_id: str, entry: Entry) -> None:
    """Says in the service's log that an entry is left out."""
    log.warning("log_entry_not_readable", run_id=run_id, seq=entry.seq, type=entry.type[:32])
