"""A script as turns: one line each, `LABEL: text`."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflows.formats.speech.tags import TAG, strip_tags
from workflows.text.words import count_words

_LABELLED = re.compile(r"^([A-Z][A-Z0-9 .'’\-]{0,39}):\s+(.+)$")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says at a stretch; `text` holds its delivery tags."""

    speaker: str
    text: str

    @property
    def spoken(self) -> str:
        """The words alone."""
        return strip_tags(self.text)

    @property
    def tags(self) -> list[str]:
        """The tags in it, in order."""
        return TAG.findall(self.text)


def parse_turns(text: str, speakers: Sequence[str]) -> list[Turn]:
    """The turns of a script; a line without the label of a speaker goes on with the turn before it.

    Words before the first label are the first speaker's.
    """
    turns: list[Turn] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        match = _LABELLED.match(line.strip())
        if match and match.group(1) in speakers:
            turns.append(Turn(match.group(1), match.group(2).strip()))
        elif turns:
            turns[-1] = Turn(turns[-1].speaker, f"{turns[-1].text} {line.strip()}")
        else:
            turns.append(Turn(speakers[0], line.strip()))
    return turns


def spoken_text(turns: Iterable[Turn]) -> str:
    """What is heard, a turn a line: no labels, no tags."""
    return "\n".join(spoken for turn in turns if (spoken := turn.spoken))


def words_by_speaker(turns: Iterable[Turn]) -> dict[str, int]:
    """How many words each says."""
    counted: dict[str, int] = {}
    for turn in turns:
        counted[turn.speaker] = counted.get(turn.speaker, 0) + count_words(turn.spoken)
    return counted
