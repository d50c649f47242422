"""The transcript of a run: text and totals after each message, by the reader's rule. Pure."""

from collections.abc import Iterator

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
    slot_of,
)
from workflows.messages.usage_totals import UsageKey, add_part
from workflows.text.words import count_words


class Transcript:
    """The text so far by section and piece, and the newest of the messages that are sent more than once."""

    def __init__(self) -> None:
        self._texts: dict[Slot, list[str]] = {}
        self._finished: set[Slot] = set()
        self.facts: FactsGathered | None = None
        self.outline: OutlinePlanned | None = None
        self.usage: UsageUpdated | None = None
        self.spent: dict[UsageKey, CallUsage] = {}
        self.calls: set[str] = set()
        self.percent = 0
        self.attempts = 0
        self.was_cut_off = False
        """Whether an attempt broke off without a last message, and another one followed it."""
        self.metadata: MetricsCalculated | None = None
        self.verdicts: list[SafetyChecked] = []
        self.terminal: RunCompleted | RunFailed | None = None

    def apply(self, message: Message) -> None:
        """Applies a message."""
        ended = self.terminal is not None
        self.terminal = message if isinstance(message, RunCompleted | RunFailed) else None
        match message:
            case TextAppended():
                self._append(slot_of(message), message)
            case TextRetracted():
                self._texts.pop(slot_of(message), None)
                self._finished.discard(slot_of(message))
            case UsageUpdated():
                self._count(message)
            case SafetyChecked():
                self.verdicts.append(message)
            case NodeChanged(node="workflow", status="started" | "resumed"):
                self.was_cut_off = self.was_cut_off or (self.attempts > 0 and not ended)
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

    def text_of(self, slot: Slot) -> str:
        """The text of one section or piece as readers have it."""
        return "".join(self._texts.get(slot, ()))

    def has_begun(self, slot: Slot) -> bool:
        """Whether a section or piece has any text or end."""
        return slot in self._texts

    def is_finished(self, slot: Slot) -> bool:
        """Whether a section or piece has its end."""
        return slot in self._finished

    def lacking(
        self, slot: Slot, text: str | None, *, is_whole: bool
    ) -> Iterator[TextRetracted | TextAppended]:
        """The messages after which a section or piece reads so, with its end if `is_whole`; None: it hasn't begun.
        Only the rest is sent where its beginning stands already."""
        section, piece = (0, slot) if isinstance(slot, str) else (slot, None)
        logged = self.text_of(slot) if self.has_begun(slot) else None
        if logged == text and self.is_finished(slot) == is_whole:
            return
        if logged is not None and (text is None or self.is_finished(slot) or not text.startswith(logged)):
            yield TextRetracted(section=section, piece=piece, reason="restart")
            logged = None
        if text is not None:
            rest = text[len(logged or "") :]
            yield TextAppended(section=section, piece=piece, chunk=rest, is_complete=is_whole)

    @property
    def pieces(self) -> list[str]:
        """Names of the pieces that have any text or end, in the order in which they began."""
        return [slot for slot in self._texts if isinstance(slot, str)]

    @property
    def started(self) -> list[int]:
        """Indices of the sections that have any text or end, in reading order."""
        return sorted(slot for slot in self._texts if isinstance(slot, int))

    @property
    def finished(self) -> set[int]:
        """Indices of the sections that have their end."""
        return {slot for slot in self._finished if isinstance(slot, int)}

    @property
    def text(self) -> str:
        """The whole text so far: the sections in reading order, joined by a blank line."""
        return "\n\n".join(self.text_of(section) for section in self.started)

    @property
    def words(self) -> int:
        """Number of words so far."""
        return sum(count_words(self.text_of(section)) for section in self.started)

    def _append(self, slot: Slot, message: TextAppended) -> None:
        self._texts.setdefault(slot, []).append(message.chunk)
        if message.is_complete:
            self._finished.add(slot)
