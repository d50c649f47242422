"""Keeping a text to its length: what to aim at, what to ask a model for, and where to cut. Pure.

Lengths are words. A section has a *planned* target, from the outline; a *target*, planned anew from what
was really written; and what is *asked* for, because a model that is asked for 400 words may write 280.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from typing_extensions import TypedDict

from workflows.text.words import count_words, split_sentences

Correction = Literal["trimmed", "continued"]

_REPLAN = (0.75, 1.25)  # how far a section's target may be moved from its plan
_RATIO = (0.4, 2.5)  # what is believed of a model's ratio of written to asked words
_NEWEST = 3  # replies that the ratio is taken from
_OVERRUN = 1.15  # a reply that was cut would have been longer: by how much isn't known
_LEAST_BESIDE = 8  # words to either side of a target, however short: half a sentence
_LONGEST_SENTENCE = 60


class SectionLength(TypedDict):
    """How a section's length came about; kept in the state. `replied_words` is the first reply's."""

    target_words: int
    asked_words: int
    replied_words: int
    corrections: list[Correction]


@dataclass(frozen=True, slots=True)
class Room:
    """What a section may have: `least` to `most` words, best `target`."""

    least: int
    target: int
    most: int


def room_for(target: int, tolerance: float) -> Room:
    """The room around a target. `tolerance` is a share, 0.1 for ten percent."""
    beside = max(_LEAST_BESIDE, math.floor(target * tolerance))
    return Room(max(1, target - beside), target, target + beside)


def plan_targets(planned: Mapping[int, int], written: Mapping[int, int]) -> dict[int, int]:
    """Targets of the sections that aren't written yet, so that the whole comes out as planned.

    They share what is left by the plan's proportions; none is moved by more than a quarter of its plan.
    """
    missing = {index: words for index, words in planned.items() if index not in written}
    left = sum(planned.values()) - sum(written.get(index, 0) for index in planned)
    low, high = _REPLAN
    share = min(high, max(low, left / (sum(missing.values()) or 1)))
    return {index: max(1, round(words * share)) for index, words in missing.items()}


def reply_ratio(lengths: Iterable[SectionLength]) -> float:
    """Words written for a word asked, as the newest replies of this run have it; 1 without any."""
    found = [_ratio_of(length) for length in lengths][-_NEWEST:]
    return _believe(sum(found) / len(found)) if found else 1.0


def ask_for(words: int, ratio: float) -> int:
    """What to ask a model for so that it writes `words`."""
    return max(1, round(words / ratio))


def _ratio_of(length: SectionLength) -> float:
    was_cut = length["corrections"][:1] == ["trimmed"]
    return length["replied_words"] / length["asked_words"] * (_OVERRUN if was_cut else 1.0)


def _believe(ratio: float) -> float:
    low, high = _RATIO
    return min(high, max(low, ratio))


class Trimmer:
    """A text as it comes, cut at the end of a sentence so that it never has more than `room.most` words.

    Text passes at once while it is sure to fit; near the end it passes by sentences. Those beyond the
    target wait: they pass if the text ends within its room; if it runs over, at most the first of them
    does. A sentence of more than sixty words that runs over is cut at a word. What is given out doesn't
    depend on how the text was cut into chunks, and never ends in white space.
    """

    def __init__(self, room: Room) -> None:
        self.room = room
        self.is_full = False
        """Nothing more is taken: whoever writes may stop."""
        self._free = min(room.least, room.most - _LONGEST_SENTENCE)
        self._words = 0  # in the text given out, but for its last token
        self._tail = ""  # that token, which may be a part of a word
        self._space = ""  # white space that waits for a word
        self._is_open = False  # the text given out ends within a sentence
        self._waiting: list[str] = []  # whole sentences beyond the target
        self._held = ""

    @property
    def words(self) -> int:
        """Words so far, with those that wait."""
        return self._count("".join(self._waiting) + self._held)

    @property
    def rest(self) -> str:
        """What waits."""
        return self._space + "".join(self._waiting) + self._held

    def feed(self, chunk: str) -> str:
        """What may be given out now."""
        if self.is_full:
            return ""
        given = ""
        if not self._held and not self._waiting:
            given, chunk = self._pass_freely(chunk)
        self._held += chunk
        return given + self._pass_sentences()

    def close(self) -> str:
        """The text is at its end: what still waits."""
        rest = "" if self.is_full else "".join(self._waiting) + self._held
        self._drop()
        return self._give(rest)

    def reopen(self) -> None:
        """More is to come after a text that was cut."""
        self.is_full = False

    def _pass_freely(self, chunk: str) -> tuple[str, str]:
        if self._count(chunk) < self._free:
            return self._give_part(chunk), ""
        end = 0
        while (next_end := _word_end(chunk, end)) > end and self._count(chunk[:next_end]) < self._free:
            end = next_end
        return self._give_part(chunk[:end]), chunk[end:]

    def _pass_sentences(self) -> str:
        given = ""
        sentences = split_sentences(self._held)
        self._held = ""
        for position, sentence in enumerate(sentences):
            after = self.words + count_words(sentence)
            if after > self.room.most:
                return given + self._stop(sentence)
            if position == len(sentences) - 1:
                self._held = sentence  # whether it is whole isn't known before something follows
            elif after <= self.room.target and not self._waiting:
                given += self._give(sentence)
            else:
                self._waiting.append(sentence)
        return given

    def _stop(self, sentence: str) -> str:
        """`sentence` doesn't fit any more: the text ends where it is nearest to the target."""
        self.is_full = True
        now = self._count("")
        first = next((end for end, text in enumerate(self._waiting, 1) if text.strip()), 0)
        more = "".join(self._waiting[:first])
        self._drop()
        if self._is_open and not more:
            return self._give_part(_first_words(sentence, max(0, self.room.target - now)))
        if more and (self._is_open or self._count(more) - self.room.target <= self.room.target - now):
            return self._give(more)
        return ""

    def _drop(self) -> None:
        self._waiting, self._held = [], ""

    def _count(self, more: str) -> int:
        return self._words + count_words(self._tail + self._space + more)

    def _give(self, text: str) -> str:
        given = self._give_part(text)
        self._is_open = False
        return given

    def _give_part(self, text: str) -> str:
        whole = self._space + text
        given = whole.rstrip()
        self._space = whole[len(given) :]
        if not given:
            return ""
        known = self._tail + given
        start = max(known.rfind(" "), known.rfind("\n")) + 1
        self._words += count_words(known[:start])
        self._tail = known[start:]
        self._is_open = self._tail.rstrip("\"'”’»)]")[-1:] not in tuple(".!?…。！？")
        return given


def _word_end(text: str, start: int) -> int:
    """Where the next word of `text` ends that is followed by white space; `start` if none is."""
    place = start
    while place < len(text) and text[place].isspace():
        place += 1
    while place < len(text) and not text[place].isspace():
        place += 1
    return place if place < len(text) else start


def _first_words(text: str, words: int) -> str:
    end = 0
    while (next_end := _word_end(text, end)) > end and count_words(text[:next_end]) <= words:
        end = next_end
    return text[:end]
