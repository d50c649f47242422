"""Length of a text: targets, the words to request from a model, and cuts. Pure.

Lengths are words. A section has a *planned* target, from the outline; a *target*, planned anew from what
was really written; and what is *asked* for, because a model that is asked for 400 words may write 280.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from typing_extensions import TypedDict

from workflows.text.metrics.repetition import count_said, distinct_words
from workflows.text.sentences import SentenceSplitter, ends_with_abbreviation, is_cut
from workflows.text.streams.space_buffer import SpaceBuffer
from workflows.text.words import WordCounter, count_words

Correction = Literal["trimmed", "continued", "landed"]

_REPLAN = (0.75, 1.25)  # how far a section's target may be moved from its plan
_RATIO = (0.4, 2.5)  # what is believed of a model's ratio of written to asked words
_NEWEST = 3  # replies that the ratio is taken from
_OVERRUN = 1.15  # a reply that was cut would have been longer: by how much isn't known
_LEAST_BESIDE = 8  # words to either side of a target, however short: half a sentence
LONGEST_SENTENCE = 60
"""Words."""
_FLOOR = 0.1  # the share of its target below which a text is none
_STUCK = 0.5
_STUCK_TIMES = 3


class SectionLength(TypedDict):
    """Record of a section's length, kept in the state. `replied_words` is the first reply's."""

    target_words: int
    asked_words: int
    replied_words: int
    corrections: list[Correction]


@dataclass(frozen=True, slots=True)
class Room:
    """Length limits of a section: `least` to `most` words, best `target`."""

    least: int
    target: int
    most: int


def room_for(target: int, tolerance: float, least: int = _LEAST_BESIDE) -> Room:
    """The room around a target. `tolerance` is a share, 0.1 for ten percent; `least`: words to either side anyway."""
    beside = max(_LEAST_BESIDE, least, math.floor(target * tolerance))
    return Room(max(1, target - beside), target, target + beside)


def plan_targets(planned: Mapping[int, int], written: Mapping[int, int]) -> dict[int, int]:
    """Targets of the unwritten sections, so that the whole comes out as planned.

    They share what is left by the plan's proportions; none is moved by more than a quarter of its plan.
    """
    missing = {index: words for index, words in planned.items() if index not in written}
    left = sum(planned.values()) - sum(written.get(index, 0) for index in planned)
    low, high = _REPLAN
    share = min(high, max(low, left / (sum(missing.values()) or 1)))
    return {index: max(1, round(words * share)) for index, words in missing.items()}


def reply_ratio(lengths: Iterable[SectionLength]) -> float:
    """Words written per word requested, in the newest replies of this run; 1 without any."""
    found = [_ratio_of(length) for length in lengths][-_NEWEST:]
    return _believe(sum(found) / len(found)) if found else 1.0


def ask_for(words: int, ratio: float) -> int:
    """The number of words to request from a model so that it writes `words`."""
    return max(1, round(words / ratio))


def falls_short(text: str, target: int, before: str | None = None) -> bool:
    """Whether a text is far too short: it has hardly any words; or it is stuck, with less than half of them.

    It is stuck where it says everything three times and more, or nothing new in what went on after `before`.
    """
    words, distinct = count_said(text)
    is_stuck = words >= _STUCK_TIMES * distinct or (before is not None and distinct <= distinct_words(before))
    return distinct < target * (_STUCK if is_stuck else _FLOOR)


def _ratio_of(length: SectionLength) -> float:
    was_cut = length["corrections"][:1] in (["trimmed"], ["landed"])
    return length["replied_words"] / length["asked_words"] * (_OVERRUN if was_cut else 1.0)


def _believe(ratio: float) -> float:
    low, high = _RATIO
    return min(high, max(low, ratio))


class LengthFilter:
    """Base of filters that pass a text at once while it is sure to fit, and by sentences after that."""

    def __init__(self, free: int, language: str | None) -> None:
        """`free`: words that are sure to fit. `language`: the text's, as a tag such as `en`, for its abbreviations."""
        self.words = 0
        """Words so far, with those that are held back."""
        self._free = free
        self._language = language
        self._space = SpaceBuffer()
        self._begin()

    def _begin(self) -> None:
        """Resets the state, but for the length."""
        self._counter = WordCounter()  # of all that comes
        self._splitter = SentenceSplitter(self._language)
        self._ended = WordCounter()  # of the sentences that ended
        self._ended_words = self._given_words = self.words
        self._passed = 0  # characters of the first sentence that didn't end yet which were given out
        self._is_open = False  # what was given out ends within a sentence

    def _pass_free(self, chunk: str) -> str:
        """Counts a chunk, and gives out what is sure to fit of it."""
        free = self._counter.find_word(chunk, self._free - self.words) if self.words < self._free else 0
        self.words += self._counter.feed(chunk)
        self._passed += free
        return self._space.release(chunk[:free])


class Trimmer(LengthFilter):
    """Filter that cuts a streamed text at the end of a sentence, so that it never exceeds `room.most` words.

    Text passes at once while it is sure to fit; near the end it passes by sentences. Those beyond the
    target wait: they pass if the text ends within its room; if it runs over, at most the first of them
    does. A sentence of more than sixty words that runs over is cut at a word. What is given out doesn't
    depend on how the text was cut into chunks, and what is cut never ends in white space or an abbreviation.
    """

    def __init__(self, room: Room, language: str | None = None) -> None:
        super().__init__(min(room.least, room.most - LONGEST_SENTENCE), language)
        self.room = room
        self.is_full = False
        """Nothing more is taken: whoever writes may stop."""

    def _begin(self) -> None:
        super()._begin()
        # Sentences beyond the target, and the words up to their ends.
        self._waiting: list[tuple[str, int]] = []

    @property
    def rest(self) -> str:
        """The text held back."""
        return self._space.held + self._held()

    def feed(self, chunk: str) -> str:
        """The text that may be released now."""
        if self.is_full:
            return ""
        given = self._pass_free(chunk)
        for sentence in self._splitter.feed(chunk):
            given += self._take(sentence)
            if self.is_full:
                return given  # type: ignore[unreachable]  # `_take` fills it
        return given + self._stop(self._splitter.rest) if self.words > self.room.most else given

    def close(self) -> str:
        """The text still held back at the end."""
        held = "" if self.is_full else self._held()
        self._begin()
        return self._space.release(held)

    def _held(self) -> str:
        waiting = "".join(sentence for sentence, _ in self._waiting)
        return waiting + self._splitter.rest[self._passed :]

    def _take(self, sentence: str) -> str:
        """Releases a sentence, or holds it, or ends the text before it."""
        ended = self._ended.copy()
        words = self._ended_words + ended.feed(sentence)
        if words > self.room.most:
            return self._stop(sentence)
        passed = min(self._passed, len(sentence))
        if passed < len(sentence) and (self._waiting or words > self.room.target):
            self._open(sentence[:passed])
            self._waiting.append((sentence[passed:], words))
            given = ""
        else:
            self._given_words = words
            self._is_open = is_cut(sentence)
            given = self._space.release(sentence[passed:])
        self._ended, self._ended_words = ended, words
        self._passed -= passed
        return given

    def _stop(self, sentence: str) -> str:
        """Ends the text nearest to the target, since `sentence` doesn't fit any more."""
        self.is_full = True
        self._open(sentence[: self._passed])
        target, words = self.room.target, self._given_words
        first = next((end for end, (text, _) in enumerate(self._waiting, 1) if text.strip()), 0)
        more = "".join(text for text, _ in self._waiting[:first])
        if self._is_open and not more:
            more = _first_words(sentence[self._passed :], max(0, target - words), self._language)
            words += count_words(more)
        elif more and (self._is_open or self._waiting[first - 1][1] - target <= target - words):
            words = self._waiting[first - 1][1]
        else:
            more = ""
        self.words = words
        self._begin()
        return self._space.release(more)

    def _open(self, head: str) -> None:
        """Notes that `head` of a sentence was released, and the rest of it wasn't."""
        if head.strip() and not self._waiting:
            self._is_open = True
            self._given_words += self._ended.copy().feed(head)


def _first_words(text: str, words: int, language: str | None) -> str:
    """The first words of `text`, without the last of them if these are abbreviations."""
    place = WordCounter().find_word(text, words + 1)
    text = text[:place] if place == len(text) else text[: place - len(text[:place].split(" ")[-1])]
    text = text.rstrip()
    while ends_with_abbreviation(text, language):
        text = text[: text.rfind(" ") + 1].rstrip()
    return text
