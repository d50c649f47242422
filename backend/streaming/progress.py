"""Progress of a run, reported often enough to look alive and seldom enough to cost nothing."""

from collections.abc import Callable

from workflows.messages.messages import (
    Message,
    NodeChanged,
    OutlinePlanned,
    ProgressReported,
    TextAppended,
    TextRetracted,
)
from workflows.messages.transcript import Transcript
from workflows.text.words import WordCounter, count_words

_EVERY_SECONDS = 1.0
_WRITING_SHARE = 90  # percent of the bar that the sections fill; the plan and the checks share the rest
_PLANNED = 5
_SAYINGS = {
    "outline": "Planning",
    "safety_check": "Checking the text",
    "enhance_content": "Rewriting what was found fault with",
    "derive": "Adding what goes with the text",
    "calculate_metrics": "Counting",
}


class ProgressMeter:
    """Progress by streamed words. The percentage never decreases; 100 is left to the end."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = clock()
        self._told = clock() - _EVERY_SECONDS
        self._words: dict[int, int] = {}
        self._counters: dict[int, WordCounter] = {}  # by section
        self._already = 0  # words that an earlier attempt wrote, which took none of our time
        self._target = 0
        self._percent = 0

    def recall(self, transcript: Transcript) -> None:
        """Restores the progress that earlier attempts reported."""
        words = {index: count_words(transcript.text_of(index)) for index in transcript.started}
        self.resume(words, transcript.percent)
        if transcript.outline is not None:
            self.plan(transcript.outline.target_words)

    def follow(self, message: Message) -> ProgressReported | None:
        """The progress after a message; reported after it."""
        match message:
            case OutlinePlanned() as outline:
                return self.plan(outline.target_words)
            case TextAppended() as content if content.piece is None:
                return self.add(content.section, content.chunk)
            case TextAppended() as content:
                return self.look(f"Writing {content.piece}")
            case TextRetracted() as retraction if retraction.piece is None:
                self.drop(retraction.section)
            case NodeChanged() as event if event.status == "started" and event.node in _SAYINGS:
                return self.now(_SAYINGS[event.node])
        return None

    def plan(self, target_words: int) -> ProgressReported:
        """Sets the outline."""
        self._target = target_words
        return self._tell("The plan is made", _PLANNED)

    def resume(self, words: dict[int, int], percent: int) -> None:
        """Restores the words by section that an earlier attempt wrote."""
        self._words = dict(words)
        self._already = sum(words.values())
        self._percent = percent

    def add(self, section: int, chunk: str) -> ProgressReported | None:
        """Counts more text; reports about once a second."""
        words = self._counters.setdefault(section, WordCounter()).feed(
            chunk
        )  # a token is often a part of a word
        self._words[section] = self._words.get(section, 0) + words
        return self._tell(f"Writing section {section + 1}") if self._due() else None

    def drop(self, section: int) -> None:
        """Discards a section's words, since it is written again."""
        self._words.pop(section, None)
        self._counters.pop(section, None)

    def look(self, message: str) -> ProgressReported | None:
        """Reports, about once a second, activity that adds no words to the text."""
        return self._tell(message) if self._due() else None

    def now(self, message: str, percent: int = 0) -> ProgressReported:
        """Reports at once; `percent` is the progress of another run that this one depends on."""
        return self._tell(message, percent)

    def done(self) -> ProgressReported:
        """The last report."""
        self._percent = 100
        return self._tell("Done", 100)

    def _due(self) -> bool:
        return self._clock() - self._told >= _EVERY_SECONDS

    def _tell(self, message: str, at_least: int = 0) -> ProgressReported:
        self._told = self._clock()
        words = sum(self._words.values())
        share = min(1.0, words / self._target) if self._target else 0.0
        written = _PLANNED + int(share * _WRITING_SHARE) if self._target else 0
        self._percent = max(self._percent, at_least, written)
        return ProgressReported(
            percent=self._percent,
            words=words,
            target_words=self._target,
            eta_seconds=self._eta(words),
            message=message,
        )

    def _eta(self, words: int) -> int | None:
        written = words - self._already
        elapsed = self._clock() - self._started
        if written <= 0 or elapsed <= 0 or not self._target:
            return None
        return max(0, round((self._target - words) * elapsed / written))
