"""Plan of a video script: timed sections. Pure; no model is called."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workflows.formats.base import Plan
from workflows.formats.creator_script.input import CreatorScriptInput, KeyPoint
from workflows.formats.creator_script.styles import StyleGuide, list_styles
from workflows.formats.creator_script.templates import Beat, Template
from workflows.formats.creator_script.timing import (
    MAX_SECTION_SECONDS,
    MIN_POINT_SECONDS,
    MIN_SECTION_SECONDS,
    SlotKind,
    TimeSlot,
    content_seconds,
    hook_seconds,
    outro_seconds,
    planned_words,
    share,
    split,
)
from workflows.messages.messages import PlannedSection
from workflows.state import Outline
from workflows.text.coverage import covers, find_passage

_WEIGHTS = {"must": 3, "should": 2, "nice": 1}
_TITLE = 60  # characters of a point that make a title


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of the content, before it has its times."""

    title: str
    summary: str
    weight: int
    points: tuple[int, ...] = ()


def pace_of(inputs: CreatorScriptInput, template: Template | None = None) -> int:
    """Words per minute: from the input, else the template, else the style."""
    own = template.words_a_minute if template else None
    return inputs.words_per_minute or own or list_styles()[inputs.style].words_a_minute


def kept_points(points: Sequence[KeyPoint], seconds: int) -> list[int]:
    """The points that fit into the time: `nice` ones are dropped first, then `should`, the last ones first."""
    most = max(1, seconds // MIN_POINT_SECONDS)
    by_worth = sorted(range(len(points)), key=lambda index: (-_WEIGHTS[points[index].priority], index))
    return sorted(by_worth[:most])


def make_plan(inputs: CreatorScriptInput, template: Template) -> Plan:
    """Hook, content, outro, each with its times. Points left out for lack of time are in the notes."""
    style = list_styles()[inputs.style]
    seconds = content_seconds(inputs.seconds, style)
    kept = kept_points(inputs.key_points, seconds)
    parts = _fit(list(_parts(inputs, template, kept, seconds)), seconds)
    pace = pace_of(inputs, template)
    slots = _slots(inputs.seconds, style, parts)
    summaries = [template.hook, *(part.summary for part in parts), template.outro]
    return Plan(
        Outline(
            title=inputs.topic,
            sections=[
                PlannedSection(
                    index=index,
                    title=slot["title"],
                    summary=summaries[index],
                    target_words=planned_words(slot, pace),
                )
                for index, slot in enumerate(slots)
            ],
        ),
        {
            "template": template.model_dump(mode="json"),
            "slots": slots,
            "words_a_minute": pace,
            "left_out": [index for index in range(len(inputs.key_points)) if index not in kept],
        },
    )


def slots_of(inputs: CreatorScriptInput, outline: Outline, notes: Mapping[str, Any]) -> list[TimeSlot]:
    """The sections with their times; in an edited plan, by its lengths and titles."""
    slots: list[TimeSlot] = notes["slots"]
    sections = outline["sections"]
    planned = [planned_words(slot, notes["words_a_minute"]) for slot in slots]
    if [section["target_words"] for section in sections] == planned:
        return [{**slot, "title": section["title"]} for slot, section in zip(slots, sections, strict=True)]
    total, spoken, start = sum(section["target_words"] for section in sections), 0, 0
    edited: list[TimeSlot] = []
    for index, section in enumerate(sections):
        spoken += section["target_words"]
        end = round(inputs.seconds * spoken / total)
        said = f"{section['title']}. {section['summary']}"
        edited.append(
            TimeSlot(
                kind=_kind(index, len(sections)),
                title=section["title"],
                start=start,
                end=end,
                points=[
                    i
                    for i, p in enumerate(inputs.key_points)
                    if covers(find_passage(p.text, said)[1], p.text)
                ],
            )
        )
        start = end
    return edited


def _kind(index: int, count: int) -> SlotKind:
    if count == 1 or 0 < index < count - 1:
        return "CONTENT"
    return "HOOK" if index == 0 else "OUTRO"


def _parts(inputs: CreatorScriptInput, template: Template, kept: list[int], seconds: int) -> Iterator[_Part]:
    """The template's beats, with the points in their place, if any."""
    order = kept[::-1] if template.order == "countdown" else kept
    room = seconds // MIN_SECTION_SECONDS - len(kept)
    for beat in template.beats:
        if beat.points and kept:
            for index in order:
                point = inputs.key_points[index]
                yield _Part(_title(point.text), point.text, _WEIGHTS[point.priority], (index,))
        elif beat.points or _has_room(beat, inputs, room):
            room -= 1
            yield _Part(beat.title, beat.text, beat.weight)


def _has_room(beat: Beat, inputs: CreatorScriptInput, room: int) -> bool:
    return inputs.duration_minutes >= beat.min_minutes and room > 0


def _fit(parts: list[_Part], seconds: int) -> list[_Part]:
    """At most as many parts as there is time for; none too long for one call."""
    most = max(1, seconds // MIN_SECTION_SECONDS)
    if len(parts) > most:
        sizes = split(len(parts), [1] * most)
        starts = [sum(sizes[:index]) for index in range(most)]
        parts = [_join(parts[start : start + size]) for start, size in zip(starts, sizes, strict=True)]
    lengths = share(seconds, [part.weight for part in parts])
    # Each piece keeps its share: all weights grow by what makes every part divisible.
    counts = [math.ceil(length / MAX_SECTION_SECONDS) or 1 for length in lengths]
    unit = math.lcm(*counts)
    return [
        piece
        for part, count in zip(parts, counts, strict=True)
        for piece in _pieces(replace(part, weight=part.weight * unit // count), count)
    ]


def _join(parts: list[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    return _Part(
        " / ".join(part.title for part in parts)[:200],
        " ".join(part.summary for part in parts)[:1000],
        sum(part.weight for part in parts),
        tuple(index for part in parts for index in part.points),
    )


def _pieces(part: _Part, count: int) -> list[_Part]:
    if count == 1:
        return [part]
    return [replace(part, title=f"{part.title} ({number} of {count})") for number in range(1, count + 1)]


def _slots(seconds: int, style: StyleGuide, parts: list[_Part]) -> list[TimeSlot]:
    lengths = [
        hook_seconds(seconds, style),
        *share(content_seconds(seconds, style), [part.weight for part in parts]),
        outro_seconds(seconds, style),
    ]
    titles = ["Hook", *(part.title for part in parts), "Outro"]
    points = [(), *(part.points for part in parts), ()]
    slots, start = [], 0
    for index, length in enumerate(lengths):
        end = start + length
        kind = _kind(index, len(lengths))
        slots.append(
            TimeSlot(kind=kind, title=titles[index], start=start, end=end, points=list(points[index]))
        )
        start = end
    return slots


def _title(text: str) -> str:
    """A point as a title: cut at a word."""
    line = " ".join(text.split()).rstrip(".!?")
    return line if len(line) <= _TITLE else line[: _TITLE + 1].rsplit(" ", 1)[0][:_TITLE] + "…"
