"""Subtitles with estimated times: by words, at the speaker's pace, silences counted. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workflows.formats.speech.exports.renderers import BETWEEN_TURNS_MS
from workflows.formats.speech.tags import TAG, strip_tags, vocabulary
from workflows.formats.speech.turns import Turn
from workflows.text.sentences import split_sentences
from workflows.text.words import count_words

_LINE = 42  # characters
_LINES = 2
_LONGEST = 7.0  # seconds that a cue may stand


@dataclass(frozen=True, slots=True)
class SpokenPassage:
    """Words spoken at a stretch; `label` is displayed before them, `silence` (seconds) follows."""

    text: str
    label: str = ""
    silence: float = 0.0


@dataclass(frozen=True, slots=True)
class Cue:
    """Text displayed from `start` to `end`, seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


def render_cues(cues: Iterable[Cue]) -> bytes:
    """The cues as SubRip."""
    return "\n".join(
        f"{number}\n{_stamp(cue.start)} --> {_stamp(cue.end)}\n" + _words(cue) + "\n"
        for number, cue in enumerate(cues, 1)
    ).encode()


def make_cues(
    passages: Iterable[SpokenPassage], words_per_minute: int, language: str | None = None
) -> list[Cue]:
    """Cues of at most two lines of 42 characters and 7 seconds, sentence by sentence. `language`: a tag
    such as `en`."""
    second = words_per_minute / 60
    most = max(1, int(_LONGEST * second))
    cues: list[Cue] = []
    said, silence = 0, 0.0
    for passage in passages:
        label = passage.label
        for sentence in split_sentences(passage.text, language):
            for lines in _blocks(sentence.split(), most, label):
                words = max(1, count_words(" ".join(lines).removeprefix(label)))
                start, end = said / second + silence, (said + words) / second + silence
                cues.append(Cue(start, min(end, start + _LONGEST), lines))
                said, label = said + words, ""
        silence += passage.silence
    return cues


def passages_of(turns: Sequence[Turn]) -> Iterator[SpokenPassage]:
    """Passages of the turns: labelled where there are several speakers, with pauses as silences."""
    pauses = vocabulary().pauses
    several = len({turn.speaker for turn in turns}) > 1
    for turn in turns:
        label = f"{turn.speaker}: " if several else ""
        parts = TAG.split(turn.text)  # words, tag, words, …, words
        for words, tag in zip(parts[::2], [*parts[1::2], None], strict=True):
            silence = BETWEEN_TURNS_MS if tag is None else pauses.get(tag, 0)
            text = strip_tags(words)
            yield SpokenPassage(text, label, silence / 1000)
            label = "" if text else label


def _blocks(words: list[str], most: int, label: str) -> Iterator[tuple[str, ...]]:
    """Blocks of words that fit on the screen at once, and can be spoken in the time."""
    lines: list[str] = [label.strip()] if label and words else []
    count = 0
    for word in (piece for whole in words for piece in _pieces(whole)):
        weight = max(1, count_words(word))
        fits = bool(lines) and len(lines[-1]) + 1 + len(word) <= _LINE
        if count and (count + weight > most or (not fits and len(lines) == _LINES)):
            yield tuple(lines)
            lines, count, fits = [], 0, False
        if fits:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
        count += weight
    if lines:
        yield tuple(lines)


def _pieces(word: str) -> Iterator[str]:
    """The word, cut if it is longer than a line."""
    for start in range(0, len(word), _LINE):
        yield word[start : start + _LINE]


def _words(cue: Cue) -> str:
    """The words, without the arrow by which a line of times is recognised."""
    return "\n".join(cue.lines).replace("-->", "→")


def _stamp(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    return (
        f"{milliseconds // 3_600_000:02d}:{milliseconds // 60_000 % 60:02d}:"
        f"{milliseconds // 1000 % 60:02d},{milliseconds % 1000:03d}"
    )
