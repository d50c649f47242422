"""Compliance of a script with its input: rules by code, and the place of each point. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.formats.creator_script.input import CreatorScriptInput
from workflows.formats.creator_script.plan import slots_of
from workflows.formats.creator_script.script import HEADING, split_heading, spoken
from workflows.formats.creator_script.timing import TimeSlot, heading, words_for
from workflows.formats.toolkit.measured_review import part_of, review_repetition
from workflows.state import Section, State
from workflows.text.metrics.coverage import covers, find_statement
from workflows.text.prose import listed_share
from workflows.text.words import count_words
from workflows.verdicts import ReviewFinding

TOLERANCE = 0.30
"""How far words may be from what fits the duration, in all."""
_LISTED = 0.3  # share of the lines that may look like an outline's
RULES = ("must_points", "length", "structure", "time_ranges", "prose")


@dataclass(frozen=True, slots=True)
class Report:
    """A compliance report. `rules`: which hold. `points`: where each key point is made. `findings`: what to do."""

    rules: dict[str, bool]
    points: list[dict[str, Any]]
    findings: list[ReviewFinding] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The report for `metadata.compliance`, without the findings, which are there already."""
        return {"passed": all(self.rules.values()), "rules": self.rules, "points": self.points}


def report_on(
    inputs: CreatorScriptInput, state: State, verdicts: Mapping[int, Mapping[str, Any]] | None = None
) -> Report:
    """The finished sections against the wish and the plan. `verdicts`: where a model found each point, by its index;
    where it said nothing, words decide. Without them those of the last review count."""
    if verdicts is None:
        kept: Mapping[str, Any] = state.get("reviewed", {}).get("points", {})
        verdicts = {int(index): verdict for index, verdict in kept.items()}
    slots = slots_of(inputs, state["outline"], state["notes"])
    texts = [_text(state["sections"], index) for index in range(len(slots))]
    points = _points(inputs, state["notes"], slots, texts, verdicts)
    findings = [
        *_missing(points, slots),
        *_length(slots, texts, state["notes"]["words_a_minute"]),
        *_structure(slots),
        *_headings(slots, texts),
        *_outlines({index: spoken(text) for index, text in enumerate(texts)}),
    ]
    broken = {finding["rule"] for finding in findings}
    return Report({rule: rule not in broken for rule in RULES}, points, findings)


def _text(sections: Mapping[int, Section], index: int) -> str:
    return sections[index]["text"] if index in sections else ""


def _points(
    inputs: CreatorScriptInput,
    notes: Mapping[str, Any],
    slots: Sequence[TimeSlot],
    texts: Sequence[str],
    verdicts: Mapping[int, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    reports = []
    for index, point in enumerate(inputs.key_points):
        about: dict[str, Any] = {"text": point.text, "priority": point.priority}
        about |= verdicts.get(index) or _find(point.text, index, slots, texts, inputs.language)
        if index in notes["left_out"]:
            about["left_out"] = True
        reports.append(about)
    return reports


def _find(
    text: str, index: int, slots: Sequence[TimeSlot], texts: Sequence[str], language: str
) -> dict[str, Any]:
    """Whether and where a point is said, by its words. What denies it doesn't say it."""
    planned = [number for number, slot in enumerate(slots) if index in slot["points"]]
    # Where it was planned first: that is where a person looks for it.
    others = [number for number in range(len(texts)) if number not in planned]
    found = [
        (number, *find_statement(text, spoken(texts[number]), language)) for number in [*planned, *others]
    ]
    section, quote, share = max(found, key=lambda place: place[2], default=(0, "", 0.0))
    if not covers(share, text):
        return {"covered": False}
    return {"covered": True, "section": section, "quote": quote}


def list_unsaid(inputs: CreatorScriptInput, state: State, index: int) -> list[int]:
    """The `must` points that were planned for the section `index` and that neither it nor one before it says, by their
    words."""
    slots = slots_of(inputs, state["outline"], state["notes"])
    texts = [_text(state["sections"], number) for number in range(len(slots))]
    return [
        point
        for point in slots[index]["points"]
        if inputs.key_points[point].priority == "must"
        and not _find(inputs.key_points[point].text, point, slots, texts, inputs.language)["covered"]
    ]


def unsaid(text: str, section: int) -> ReviewFinding:
    """The finding for a `must` point that isn't said."""
    advice = f"This has to be said, in words that can't be missed: {text}"
    return ReviewFinding(rule="must_points", section=section, advice=advice, rewrite=True)


def _missing(points: Sequence[Mapping[str, Any]], slots: Sequence[TimeSlot]) -> list[ReviewFinding]:
    found = []
    for index, point in enumerate(points):
        if point["priority"] != "must" or point["covered"]:
            continue
        where = next(
            (number for number, slot in enumerate(slots) if index in slot["points"]), len(slots) // 2
        )
        found.append(unsaid(point["text"], where))
    return found


def _length(slots: Sequence[TimeSlot], texts: Sequence[str], pace: int) -> list[ReviewFinding]:
    """Findings on the length, if the whole is too long or too short: the sections responsible."""
    words = [count_words(spoken(text)) for text in texts]
    wanted = [words_for(slot["end"] - slot["start"], pace) for slot in slots]
    off = sum(words) / sum(wanted) - 1
    if abs(off) <= TOLERANCE:
        return []
    return [
        ReviewFinding(
            rule="length",
            section=index,
            advice=f"It has {has} words; about {wants} words are spoken in its time. "
            + ("Say more, by examples and details." if off < 0 else "Say it in fewer words."),
            rewrite=True,
        )
        for index, (has, wants) in enumerate(zip(words, wanted, strict=True))
        if (has / wants - 1) * (1 if off > 0 else -1) > TOLERANCE
    ]


def _structure(slots: Sequence[TimeSlot]) -> list[ReviewFinding]:
    missing = [kind for kind in ("HOOK", "CONTENT", "OUTRO") if kind not in {slot["kind"] for slot in slots}]
    # A plan that a person shortened: no rewrite of a section brings another one.
    return [
        ReviewFinding(rule="structure", advice=f"The plan has no {kind}.", rewrite=False) for kind in missing
    ]


def _headings(slots: Sequence[TimeSlot], texts: Sequence[str]) -> list[ReviewFinding]:
    found = []
    for index, (slot, text) in enumerate(zip(slots, texts, strict=True)):
        line, _ = split_heading(text)
        if not line or not HEADING.match(line):
            advice = f"It lacks its heading: {heading(slot)}"
            found.append(ReviewFinding(rule="structure", section=index, advice=advice, rewrite=True))
        elif line != heading(slot):
            advice = f"Its heading has to be: {heading(slot)}"
            found.append(ReviewFinding(rule="time_ranges", section=index, advice=advice, rewrite=True))
    return found


def measure_sections(texts: Mapping[int, str], only: int | None = None) -> list[ReviewFinding]:
    """Sections that are outlines, or say an earlier one again. `only`: of one of them."""
    spoken_texts = {index: spoken(text) for index, text in texts.items()}
    return [*_outlines(part_of(spoken_texts, only)), *review_repetition(spoken_texts, only)]


def find_repetition(texts: Mapping[int, str]) -> list[ReviewFinding]:
    """Sections that say an earlier one again. Their headings don't count."""
    return list(review_repetition({index: spoken(text) for index, text in texts.items()}))


def _outlines(texts: Mapping[int, str]) -> list[ReviewFinding]:
    return [
        ReviewFinding(
            rule="prose",
            section=index,
            advice="This is an outline. Write out every word that is spoken, in whole sentences, without lists.",
            rewrite=True,
        )
        for index, text in sorted(texts.items())
        if listed_share(text) > _LISTED
    ]
