"""Entries of a log → Server-Sent Events on the wire. Pure."""

from collections.abc import Iterable

from backend.log.entry import Entry


def frame(run_id: str, entry: Entry, first_id: int = 0) -> bytes:
    """One frame: its id is `<run id>:<number>`, and the number is the entry's seq, counted on from `first_id`."""
    return b"id: %s:%d\nevent: story_chunk\ndata: %s\n\n" % (
        run_id.encode(),
        first_id + entry.seq,
        entry.data,
    )


def frames(run_id: str, entries: Iterable[Entry], first_id: int = 0) -> bytes:
    """Frames that are sent together."""
    return b"".join(frame(run_id, entry, first_id) for entry in entries)


def retry_line(milliseconds: int) -> bytes:
    """How soon to come back; part of the first frame of a connection."""
    return b"retry: %d\n" % milliseconds


def parse_event_id(event_id: str) -> tuple[str, int]:
    """`<run id>:<number>` → its parts. Raises ValueError with a sentence for anything else."""
    run_id, colon, seq = event_id.rpartition(":")
    if not colon or not run_id or not seq.isascii() or not seq.isdigit() or len(seq) > 15:
        raise ValueError(f"an id looks like <run id>:<number>; got {event_id[:64]!r}")
    return run_id, int(seq)
