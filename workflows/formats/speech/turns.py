"""A script as turns: one line each, `LABEL: text`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflows.formats.speech.tags import TAG, strip_tags, vocabulary
from workflows.text.words import count_words


@dataclass(frozen=True, slots=True)
class Turn:
    """Words of one speaker at a stretch; `text` includes its delivery tags."""

    speaker: str
    text: str

    @property
    def spoken(self) -> str:
        """The spoken words alone."""
        return strip_tags(self.text)

    @property
    def tags(self) -> list[str]:
        """Its delivery tags, in order."""
        known = vocabulary()
        return [tag for tag in TAG.findall(self.text) if tag in known.pauses or tag in known.manners]


def parse_turns(text: str, speakers: Sequence[str]) -> list[Turn]:
    """The turns of a finished script; a line without the label of a speaker continues the turn before it.

    Words before the first label are the first speaker's.
    """
    said: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        words = line.strip()
        label = next((name for name in speakers if words.startswith(f"{name}:")), None)
        if label is not None:
            said.append((label, [words[len(label) + 1 :].strip()]))
        elif words and said:
            said[-1][1].append(words)
        elif words:
            said.append((speakers[0], [words]))
    return [Turn(speaker, " ".join(filter(None, lines))) for speaker, lines in said if any(lines)]


def spoken_text(turns: Iterable[Turn]) -> str:
    """The spoken words, a line per turn: no labels, no tags."""
    return "\n".join(spoken for turn in turns if (spoken := turn.spoken))


def words_by_speaker(turns: Iterable[Turn]) -> dict[str, int]:
    """The number of words of each speaker."""
    counted: dict[str, int] = {}
    for turn in turns:
        counted[turn.speaker] = counted.get(turn.speaker, 0) + count_words(turn.spoken)
    return counted
