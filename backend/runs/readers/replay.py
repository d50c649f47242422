"""A run's log, read from its start by the service itself."""

from backend.log.base import RunLog
from workflows.messages.messages import Message, decode
from workflows.messages.transcript import Transcript


async def replay(log: RunLog, run_id: str) -> tuple[Transcript, int]:
    """What a reader has before them now, and the seq of the last message (0: none)."""
    transcript, seq = Transcript(), 0
    while entries := await log.read(run_id, seq):
        for entry in entries:
            transcript.apply(decode(entry.data))
        seq = entries[-1].seq
    return transcript, seq


async def read_messages(log: RunLog, run_id: str) -> list[Message]:
    """Every message of the log, in order."""
    messages: list[Message] = []
    seq = 0
    while entries := await log.read(run_id, seq):
        messages.extend(decode(entry.data) for entry in entries)
        seq = entries[-1].seq
    return messages
