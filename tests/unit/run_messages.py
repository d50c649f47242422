"""Messages of a run's log, for tests."""

from backend.log.base import RunLog
from backend.runs.readers.replay import read_entry
from workflows.messages.messages import Message


async def read_messages(run_log: RunLog, run_id: str) -> list[Message]:
    """All messages of the log, in order."""
    messages: list[Message] = []
    seq = 0
    while entries := await run_log.read(run_id, seq):
        messages.extend(message for entry in entries if (message := read_entry(run_id, entry)) is not None)
        seq = entries[-1].seq
    return messages
