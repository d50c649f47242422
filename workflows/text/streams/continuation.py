"""Length of a continuation: the call that goes on with a text that came out short. Pure."""

from workflows.text.streams.length import Room, ask_for

_OVERRUN = 1.8
"""How much longer than requested a continuation may come out and still reach its own end."""


def continuation_words(room: Room, written: int, ratio: float) -> int:
    """The words to request after `written` words from a model that writes `ratio` words for each one requested.

    They fit into the room also where the model writes all of them, unlike in its first reply.
    """
    return max(1, min(ask_for(room.target - written, ratio), room.most - written))


def continuation_room(room: Room, written: int, requested: int) -> Room:
    """The room of the continuation itself, for the end of its text matters more than its length: what it runs over,
    the sections after it make up for."""
    most = max(room.most - written, round(requested * _OVERRUN))
    return Room(max(1, room.least - written), room.target - written, most)
