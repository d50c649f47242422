"""What a reader of a log has before them: the reader's rule, as the service itself applies it. Pure."""

from workflows.messages.messages import (
    CallUsage,
    FactsGathered,
    Message,
    MetricsCalculated,
    NodeChanged,
    OutlinePlanned,
    ProgressReported,
    RunCompleted,
    RunFailed,
    SafetyChecked,
    TextAppended,
    TextRetracted,
    UsageUpdated,
)
from workflows.messages.usage_totals import Account, add_part
from workflows.text.words import count_words


class Transcript:
    """The text so far, and the newest of whatever is told more than once."""

    def __init__(self) -> None:
        self._chunks: dict[int, list[str]] = {}
        self._pieces: dict[str, list[str]] = {}
        self.finished: set[int] = set()
        self.finished_pieces: set[str] = set()
        self.facts: FactsGathered | None = None
        self.outline: OutlinePlanned | None = None
        self.usage: UsageUpdated | None = None
        self.spent: dict[Account, CallUsage] = {}
        self.calls: set[str] = set()
        self.percent = 0
        self.attempts = 0
        self.metadata: MetricsCalculated | None = None
        self.verdicts: list[SafetyChecked] = []
        self.terminal: RunCompleted | RunFailed | None = None

    def apply(self, message: Message) -> None:
        """Takes one more message into account."""
        self.terminal = message if isinstance(message, RunCompleted | RunFailed) else None
        match message:
            case TextAppended() as data:
                self._append(data)
            case TextRetracted() as data if data.piece is None:
                self._chunks.pop(data.section, None)
                self.finished.discard(data.section)
            case TextRetracted() as data:
                self._pieces.pop(str(data.piece), None)
                self.finished_pieces.discard(str(data.piece))
            case FactsGathered() as data:
                self.facts = data
            case OutlinePlanned() as data:
                self.outline = data
            case UsageUpdated() as data:
                self.usage = data
                if data.call is not None:
                    add_part(self.spent, data.call)
                    self.calls.update([data.call.id] if data.call.id else [])
            case ProgressReported() as data:
                self.percent = data.percent
            case MetricsCalculated() as data:
                self.metadata = data
            case SafetyChecked() as data:
                self.verdicts.append(data)
            case NodeChanged() as data if data.node == "workflow" and data.status in ("started", "resumed"):
                self.attempts += 1
            case _:
                pass

    @property
    def whole_usage(self) -> UsageUpdated | None:
        """The totals, and what they are made of."""
        if self.usage is None:
            return None
        return self.usage.model_copy(update={"call": None, "by": list(self.spent.values()) or None})

    @property
    def has_metadata(self) -> bool:
        """Whether the metrics were told."""
        return self.metadata is not None

    def text_of(self, section: int) -> str:
        """The text of one section as readers have it."""
        return "".join(self._chunks.get(section, ()))

    def piece_text(self, name: str) -> str:
        """The text of one piece as readers have it."""
        return "".join(self._pieces.get(name, ()))

    @property
    def pieces(self) -> list[str]:
        """Names of the pieces that have any text or end, in the order in which they began."""
        return list(self._pieces)

    @property
    def started(self) -> list[int]:
        """Indices of the sections that have any text or end, in reading order."""
        return sorted(self._chunks)

    @property
    def text(self) -> str:
        """The whole text so far: the sections in reading order, joined by a blank line."""
        return "\n\n".join(self.text_of(section) for section in self.started)

    @property
    def words(self) -> int:
        """Words so far."""
        return sum(count_words(self.text_of(section)) for section in self.started)

    def _append(self, data: TextAppended) -> None:
        if data.piece is not None:
            self._pieces.setdefault(data.piece, []).append(data.chunk)
            if data.is_complete:
                self.finished_pieces.add(data.piece)
            return
        self._chunks.setdefault(data.section, []).append(data.chunk)
        if data.is_complete:
            self.finished.add(data.section)
