"""Messages of a run's log, for tests."""

import pytest

from backend.log.base import RunLog
from backend.log.entry import Entry
from backend.runs.readers.replay import read_entry
from backend.streaming.merge import merge_entries
from workflows.messages.messages import Message


async def read_messages(run_log: RunLog, run_id: str) -> list[Message]:
    """All messages of the log, in order."""
    messages: list[Message] = []
    seq = 0
    while entries := await run_log.read(run_id, seq):
        messages.extend(message for entry in entries if (message := read_entry(run_id, entry)) is not None)
        seq = entries[-1].seq
    return messages


def merge_whole(entries: list[Entry]) -> list[Entry]:
    """Entries of which none is damaged, merged."""
    return merge_entries(entries, lambda entry: pytest.fail(f"{entry} is damaged"))
