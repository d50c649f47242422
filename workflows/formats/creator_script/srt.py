"""Subtitles with estimated times: by words, at the script's pace. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workflows.formats.creator_script.script import spoken
from workflows.formats.exports import Exporter, Finished
from workflows.text.words import count_words, split_sentences

_LINE = 42  # characters
_LINES = 2
_LONGEST = 7.0  # seconds that a cue may stand


@dataclass(frozen=True, slots=True)
class Cue:
    """What stands on the screen from `start` to `end`, seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


def render_srt(finished: Finished) -> bytes:
    """SubRip. The times follow the words as they were written, not the planned ranges."""
    pace = int(finished.metadata["words_a_minute"])
    cues = make_cues([text for _, text in finished.sections], pace)
    return "\n".join(
        f"{number}\n{_stamp(cue.start)} --> {_stamp(cue.end)}\n" + "\n".join(cue.lines) + "\n"
        for number, cue in enumerate(cues, 1)
    ).encode()


def make_cues(texts: Sequence[str], words_a_minute: int) -> list[Cue]:
    """Cues of at most two lines of 42 characters and 7 seconds, sentence by sentence."""
    second = words_a_minute / 60
    most = max(1, int(_LONGEST * second))
    cues: list[Cue] = []
    said = 0
    for text in texts:
        for sentence in split_sentences(spoken(text)):
            for lines in _blocks(sentence.split(), most):
                words = max(1, count_words(" ".join(lines)))
                cues.append(Cue(said / second, min((said + words) / second, said / second + _LONGEST), lines))
                said += words
    return cues


def _blocks(words: list[str], most: int) -> Iterator[tuple[str, ...]]:
    """As many words as fit on the screen at once, and can be spoken in the time."""
    lines: list[str] = []
    count = 0
    for word in (piece for whole in words for piece in _pieces(whole)):
        weight = max(1, count_words(word))
        fits = bool(lines) and len(lines[-1]) + 1 + len(word) <= _LINE
        if lines and (count + weight > most or (not fits and len(lines) == _LINES)):
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
    """A word that is longer than a line is cut."""
    for start in range(0, len(word), _LINE):
        yield word[start : start + _LINE]


def _stamp(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    return (
        f"{milliseconds // 3_600_000:02d}:{milliseconds // 60_000 % 60:02d}:"
        f"{milliseconds // 1000 % 60:02d},{milliseconds % 1000:03d}"
    )


SRT = Exporter("srt", "application/x-subrip; charset=utf-8", render_srt)
