"""The transcript of a run: text and totals after each message, by the reader's rule. Pure."""

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
    Slot,
    TextAppended,
    TextRetracted,
    UsageUpdated,
)
from workflows.messages.usage_totals import UsageKey, add_part
from workflows.text.words import count_words


class Transcript:
    """The text so far by section and piece, and the newest of the messages that are sent more than once."""

    def __init__(self) -> None:
        self._chunks: dict[int, list[str]] = {}
        self._pieces: dict[str, list[str]] = {}
        self.finished: set[int] = set()
        self.finished_pieces: set[str] = set()
        self.facts: FactsGathered | None = None
        self.outline: OutlinePlanned | None = None
        self.usage: UsageUpdated | None = None
        self.spent: dict[UsageKey, CallUsage] = {}
        self.calls: set[str] = set()
        self.percent = 0
        self.attempts = 0
        self.metadata: MetricsCalculated | None = None
        self.verdicts: list[SafetyChecked] = []
        self.terminal: RunCompleted | RunFailed | None = None

    def apply(self, message: Message) -> None:
        """Applies a message."""
        self.terminal = message if isinstance(message, RunCompleted | RunFailed) else None
        match message:
            case TextAppended():
                self._append(message)
            case TextRetracted():
                self._retract(message)
            case UsageUpdated():
                self._count(message)
            case SafetyChecked():
                self.verdicts.append(message)
            case NodeChanged(node="workflow", status="started" | "resumed"):
                self.attempts += 1
            case _:
                self._remember(message)

    def _remember(self, message: Message) -> None:
        """Keeps the newest of the messages that are sent more than once."""
        match message:
            case FactsGathered():
                self.facts = message
            case OutlinePlanned():
                self.outline = message
            case ProgressReported():
                self.percent = message.percent
            case MetricsCalculated():
                self.metadata = message
            case _:
                pass

    def _retract(self, message: TextRetracted) -> None:
        if message.piece is None:
            self._chunks.pop(message.section, None)
            self.finished.discard(message.section)
        else:
            self._pieces.pop(message.piece, None)
            self.finished_pieces.discard(message.piece)

    def _count(self, message: UsageUpdated) -> None:
        self.usage = message
        if message.call is not None:
            add_part(self.spent, message.call)
            self.calls.update([message.call.id] if message.call.id else [])

    @property
    def whole_usage(self) -> UsageUpdated | None:
        """The totals, and their parts."""
        if self.usage is None:
            return None
        return self.usage.model_copy(update={"call": None, "by": list(self.spent.values()) or None})

    @property
    def has_metadata(self) -> bool:
        """Whether the metrics have been sent."""
        return self.metadata is not None

    def text_of(self, section: int) -> str:
        """The text of one section as readers have it."""
        return "".join(self._chunks.get(section, ()))

    def piece_text(self, name: str) -> str:
        """The text of one piece as readers have it."""
        return "".join(self._pieces.get(name, ()))

    def has_begun(self, slot: Slot) -> bool:
        """Whether a section or piece has any text or end."""
        return slot in self._chunks or slot in self._pieces

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
        """Number of words so far."""
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
