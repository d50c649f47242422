"""Events of LangGraph's Agent Streaming Protocol on the way to a client: their channels and frames."""

import orjson

from backend.log.entry import Entry
from backend.streaming.wires.wire import WireMessage, WireView
from workflows.messages.lenient import decode_stored

_CHANNEL_NAMES = "values updates checkpoints messages tools lifecycle input custom tasks media"
CHANNELS = frozenset(_CHANNEL_NAMES.split())
"""What a client may ask for; `custom:<name>` beside these."""


class ThreadView(WireView):
    """View whose entries have a channel as their type."""

    def feed(self, entry: Entry) -> list[Entry]:
        """The events that `entry` leads to, numbered from 1."""
        message = decode_stored(entry.data)
        made = () if message is None else self.mapper.feed(message)
        return [Entry(number, channel_of(event), orjson.dumps(event)) for number, event in enumerate(made, 1)]


def channel_of(event: WireMessage) -> str:
    """The channel that an event belongs to."""
    method: str = event["method"]
    if method == "custom":
        return f"custom:{event['params']['data']['name']}"
    return method.partition(".")[0]


def frame(seq: int, channel: str, data: bytes) -> bytes:
    """A frame of an event, whose number in its thread is `seq`."""
    return b'id: %d\nevent: %s\ndata: {"seq":%d,%s\n\n' % (seq, _method(channel), seq, data[1:])


def error_frame(error: str, message: str) -> bytes:
    """The last frame of a stream that its reader may not go on with."""
    body = {"type": "error", "id": None, "error": error, "message": message}
    return b"event: error\ndata: %s\n\n" % orjson.dumps(body)


def _method(channel: str) -> bytes:
    kind = channel.partition(":")[0]
    return b"input.requested" if kind == "input" else kind.encode()
