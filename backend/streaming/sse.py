"""Server-Sent Events from the entries of a log. Pure."""

from collections.abc import Iterable

from backend.log.entry import Entry


def frame(run_id: str, entry: Entry, first_id: int = 0) -> bytes:
    """A frame. Its id is `<run id>:<number>`, the number being the entry's seq, offset by `first_id`."""
    return b"id: %s:%d\nevent: story_chunk\ndata: %s\n\n" % (
        run_id.encode(),
        first_id + entry.seq,
        entry.data,
    )


def frames(run_id: str, entries: Iterable[Entry], first_id: int = 0) -> bytes:
    """Several frames, to be sent together."""
    return b"".join(frame(run_id, entry, first_id) for entry in entries)


def data_frames(run_id: str, entries: Iterable[Entry], first_id: int) -> bytes:
    """Frames without a name, for clients of other wires. One that no reader goes on from has no id."""
    return b"".join(
        (b"id: %s:%d\n" % (run_id.encode(), first_id + entry.seq) if entry.seq else b"")
        + b"data: %s\n\n" % entry.data
        for entry in entries
    )


def retry_line(milliseconds: int) -> bytes:
    """The reconnection delay; part of the first frame of a connection."""
    return b"retry: %d\n" % milliseconds


def parse_event_id(event_id: str) -> tuple[str, int]:
    """`<run id>:<number>` → its parts. Raises ValueError with a sentence for anything else."""
    run_id, colon, seq = event_id.rpartition(":")
    if not colon or not run_id or not seq.isascii() or not seq.isdigit() or len(seq) > 15:
        raise ValueError(f"an id looks like <run id>:<number>; got {event_id[:64]!r}")
    return run_id, int(seq)
