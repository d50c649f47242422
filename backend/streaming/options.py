"""Options of a stream: which view of the log its reader is sent, and in whose words."""

from dataclasses import dataclass, field
from typing import Literal

import orjson

from backend.log.entry import Entry
from backend.streaming.views import Granularity, Order, View, Wire, first_id
from backend.streaming.wires import ag_ui, ai_sdk
from backend.streaming.wires.ai_sdk_whole import WholeSectionsMapper
from backend.streaming.wires.wire import WireView

Complete = Literal["full", "brief"]
"""Whether the last message repeats the text."""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """Options of a stream: order and granularity of its text, the wire, and whether `complete` repeats the text."""

    order: Order = "live"
    granularity: Granularity = "token"
    protocol: Wire = "story_chunk"
    complete: Complete = "full"
    client: ag_ui.ClientRequest = field(default_factory=ag_ui.ClientRequest)
    """What AG-UI's events say again of the request."""

    @property
    def first_id(self) -> int:
        """Offset of the ids on the wire."""
        return first_id(self.order, self.granularity, self.protocol)

    def make_view(self, run_id: str, language: str | None) -> View | WireView | None:
        """A new view; None for the log itself. `language` is the text's, for its sentences."""
        match self.protocol:
            case "ai-sdk":
                return WireView(ai_sdk.AiSdkMapper(run_id), ai_sdk.STYLE)
            case "ai-sdk-6":
                return WireView(WholeSectionsMapper(run_id), ai_sdk.STYLE)
            case "ag-ui":
                return WireView(ag_ui.AgUiMapper(run_id, self.client), ag_ui.STYLE)
            case "story_chunk" if (self.order, self.granularity) == ("live", "token"):
                return None
            case "story_chunk":
                return View(self.order, self.granularity, language)


PLAIN = StreamOptions()
"""The log as it is."""


def shorten(entry: Entry) -> Entry:
    """The entry for `complete=brief`: `complete` without the texts that its reader has from `content`. Titles, words
    and hashes stay."""
    if entry.type != "complete":
        return entry
    try:
        message = orjson.loads(entry.data)
    except orjson.JSONDecodeError:  # damaged: its reader is sent what there is
        return entry
    data = message["data"]
    data.pop("story_content", None)
    for text in (*data.get("sections", ()), *data.get("pieces", ())):
        text.pop("text", None)
    return entry._replace(data=orjson.dumps(message))
