"""Sections of an episode, its short forms, and their lengths. Pure."""

from dataclasses import dataclass

from workflows.formats.podcast.input import PodcastInput
from workflows.messages.messages import PlannedSection
from workflows.state import Outline, PlannedPiece

STANDARD_WORDS = 10_000
RUMOR_WATCH = "Rumor Watch"
COLD_OPEN, WRAP = "Cold Open", "Wrap and Call to Action"
CONTENT_SECTIONS = ("What Happened", "Why It Matters", "Deep Dive 1", "Deep Dive 2", "Deep Dive 3")
"""The sections that tell the beats; the others work with what was told."""


@dataclass(frozen=True, slots=True)
class _Part:
    title: str
    words: int
    summary: str


_PARTS = (
    _Part(COLD_OPEN, 400, "A hook from the middle of the matter, who is talking, and what is to come."),
    _Part("What Happened", 1600, "The events in their order: who did what, when, and how it is known."),
    _Part("Why It Matters", 1400, "What changes, for whom, and what is at stake."),
    _Part("Deep Dive 1", 1500, "How it works, taken apart from the ground up."),
    _Part("Deep Dive 2", 1500, "The people and interests behind it, and where they disagree."),
    _Part("Deep Dive 3", 1500, "How it came to this, and what it is like elsewhere."),
    _Part(RUMOR_WATCH, 700, "What is said and not proved, each rumor named as one and weighed."),
    _Part("What's Next", 600, "What is to be expected, by when, and what would change the picture."),
    _Part("Actionable Insights", 500, "What a listener can do with this, in steps that are small enough."),
    _Part(WRAP, 300, "The one thing to remember, a farewell, and an invitation."),
)  # fmt: skip
TITLES = frozenset(part.title for part in _PARTS)
"""What sections are called unless a person edited the plan."""
_PIECES = (("M", 2, 2500, "Medium form"), ("S", 4, 1000, "Short form"), ("R", 8, 80, "Reel"))
_LEAST_PIECE = 30


def plan_sections(inputs: PodcastInput) -> list[PlannedSection]:
    """The sections with their targets, scaled to `target_words`; without rumors, their words go to the others."""
    parts = [part for part in _PARTS if inputs.topic.rumors_allowed or part.title != RUMOR_WATCH]
    share = inputs.target_words / sum(part.words for part in parts)
    words = [round(part.words * share) for part in parts]
    words[1] += inputs.target_words - sum(words)  # what rounding left over, where it shows least
    return [
        PlannedSection(index=index, title=part.title, summary=part.summary, target_words=target)
        for index, (part, target) in enumerate(zip(parts, words, strict=True))
    ]


def plan_pieces(inputs: PodcastInput) -> list[PlannedPiece]:
    """M1–M2, S1–S4, R1–R8 with their targets, scaled as the sections are."""
    scale = inputs.target_words / STANDARD_WORDS
    return [
        PlannedPiece(
            name=f"{letter}{number}",
            title=f"{kind} {number}: {inputs.topic.title}",
            target_words=max(_LEAST_PIECE, round(words * scale)),
        )
        for letter, count, words, kind in _PIECES
        for number in range(1, count + 1)
    ]


def beats_for_section(section: PlannedSection, outline: Outline, beats: int) -> range:
    """Which beats (numbered from 0) a section tells: the telling ones share them; in a plan of other titles, all do."""
    content = [one["index"] for one in outline["sections"] if one["title"] in CONTENT_SECTIONS]
    if not content:
        return beats_of_section(section["index"], len(outline["sections"]), beats)
    if section["index"] not in content:
        return range(0)
    return _share(content.index(section["index"]), len(content), beats)


def beats_of_section(index: int, sections: int, beats: int) -> range:
    """The beats (numbered from 0) of a section; the first opens with no beat of its own."""
    if index == 0 or sections < 2:
        return range(0)
    return _share(index - 1, sections - 1, beats)


def beats_of_piece(name: str, beats: int) -> range:
    """The beats of a piece: M1 the first five, M2 the next five, S1–S4 a quarter each, R1–R8 one each."""
    number = int(name[1:]) - 1
    if name[0] == "M":
        return range(min(beats, number * 5), min(beats, number * 5 + 5))
    return _share(number, 4, beats) if name[0] == "S" else range(min(number, beats), min(number + 1, beats))


def _share(number: int, shares: int, whole: int) -> range:
    return range(whole * number // shares, whole * (number + 1) // shares)
