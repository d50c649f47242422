"""Timing of a script: seconds for hook, content and outro. Pure."""

from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict

from workflows.formats.creator_script.styles import StyleGuide
from workflows.text.words import count_words

SlotKind = Literal["HOOK", "CONTENT", "OUTRO"]

# Up to so many minutes: the hook's share of the duration, and the most seconds that it takes.
_HOOK = ((3, 0.15, 20), (10, 0.12, 45), (60, 0.10, 90))
MIN_POINT_SECONDS = 12
"""What it takes to say one point."""
MIN_SECTION_SECONDS = 20
"""Shorter stretches share a section."""
BEAT_SECONDS = 160
"""A stretch of the content that nobody gave a point to is cut into parts about so long, each with a beat of its own."""
MAX_SECTION_SECONDS = 360
"""Longer stretches are written in several parts."""


class TimeSlot(TypedDict):
    """A section's time range: from `start` to `end`, seconds. `points` are indices of key points."""

    kind: SlotKind
    title: str
    start: int
    end: int
    points: list[int]


def hook_seconds(seconds: int, style: StyleGuide) -> int:
    """Duration of the hook at most."""
    share, most = next((share, most) for minutes, share, most in _HOOK if seconds <= minutes * 60)
    return max(3, min(most, round(seconds * share * style.hook)))


def outro_seconds(seconds: int, style: StyleGuide) -> int:
    """Duration of the outro: 7 to 10 %, by style."""
    return max(3, round(seconds * style.outro))


def content_seconds(seconds: int, style: StyleGuide) -> int:
    """Duration left by hook and outro."""
    return seconds - hook_seconds(seconds, style) - outro_seconds(seconds, style)


def split(whole: int, weights: Sequence[int]) -> list[int]:
    """`whole` divided by weights into integers that sum up to it (largest remainders)."""
    total = sum(weights)
    exact = [whole * weight / total for weight in weights]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(weights)), key=lambda index: exact[index] - parts[index], reverse=True)
    for index in by_remainder[: whole - sum(parts)]:
        parts[index] += 1
    return parts


def share(seconds: int, weights: Sequence[int]) -> list[int]:
    """Durations by weights, but each long enough to say anything, if there is that much."""
    least = min(MIN_POINT_SECONDS, seconds // len(weights))
    return [least + more for more in split(seconds - least * len(weights), weights)]


def words_for(seconds: int, words_per_minute: int) -> int:
    """Words that can be spoken in that time."""
    return max(1, round(seconds * words_per_minute / 60))


def clock(seconds: int) -> str:
    """`75` → `01:15`."""
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


def heading(slot: TimeSlot) -> str:
    """The line above a section: `[00:20–01:30] CONTENT: Why leaves are green`."""
    name = f"{slot['kind']}: {slot['title']}" if slot["kind"] == "CONTENT" else slot["kind"]
    return f"[{clock(slot['start'])}–{clock(slot['end'])}] {name}"


def planned_words(slot: TimeSlot, words_per_minute: int) -> int:
    """Word target of a section's text: its spoken words, and its heading."""
    return words_for(slot["end"] - slot["start"], words_per_minute) + count_words(heading(slot))
