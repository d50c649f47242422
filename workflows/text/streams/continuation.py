"""Length of a continuation: the call that goes on with a text that came out short. Pure."""

from workflows.text.streams.landing import OVERRUN
from workflows.text.streams.length import Room, ask_for


def continuation_words(room: Room, written: int, ratio: float, *, within: bool = False) -> int:
    """The words to request after `written` words from a model that writes `ratio` words for each one requested.

    They are no more than are missing, unless such a model would then stay below the room; and they fit into the room
    also where it writes all of them, unlike in its first reply. `within`: a longer reply has to fit too
    (`continuation_room`), so the ratio isn't believed.
    """
    missing = room.target - written
    if within:
        return max(1, missing)
    enough = ask_for(max(0, (room.least + room.target) // 2 - written), ratio)
    return max(1, min(ask_for(missing, ratio), max(missing, enough), room.most - written))


def continuation_room(room: Room, written: int, requested: int, *, within: bool = False) -> Room:
    """The room of the continuation itself, for the end of its text matters more than its length: what it runs over,
    the sections after it make up for. `within`: nothing does, so it stays in what is left of `room`. Beyond, it is
    landed."""
    left = room.most - written
    most = left if within else max(left, round(requested * OVERRUN))
    return Room(max(1, room.least - written), room.target - written, most)
