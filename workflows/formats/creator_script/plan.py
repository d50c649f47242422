"""Plan of a video script: timed sections. Pure; no model is called."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workflows.formats.base import Plan
from workflows.formats.creator_script.input import CreatorScriptInput, KeyPoint
from workflows.formats.creator_script.styles import StyleGuide, list_styles
from workflows.formats.creator_script.templates import Beat, Template
from workflows.formats.creator_script.timing import (
    BEAT_SECONDS,
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
from workflows.text.metrics.coverage import covers, find_passage

_WEIGHTS = {"must": 3, "should": 2, "nice": 1}
_NAMED_PLACES = re.compile(
    r"\btop[ -](\d{1,2})\b|\b(\d{1,2}) (?:best|worst|greatest|biggest|most)\b", re.IGNORECASE
)
_MOST_PLACES = 30
_PLACE_SECONDS = 40
_TITLE = 60  # characters of a point that make a title


@dataclass(frozen=True, slots=True)
class ContentPart:
    """A stretch of the content, before it is on the clock. `places`: the numbers of a list that it tells, as read."""

    title: str
    summary: str
    weight: int
    points: tuple[int, ...] = ()
    places: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """Its place in a list: `#3: `, `#10–#8: `; empty where it has none."""
        if not self.places:
            return ""
        first, last = self.places[0], self.places[-1]
        return f"#{first}: " if first == last else f"#{first}–#{last}: "


def pace_of(inputs: CreatorScriptInput, template: Template | None = None) -> int:
    """Words per minute: from the input, else the template, else the style."""
    own = template.words_a_minute if template else None
    return inputs.words_per_minute or own or list_styles()[inputs.style].words_a_minute


def kept_points(points: Sequence[KeyPoint], seconds: int) -> list[int]:
    """The points that fit into the time: `nice` ones are dropped first, then `should`, the last ones first."""
    most = max(1, seconds // MIN_POINT_SECONDS)
    by_worth = sorted(range(len(points)), key=lambda index: (-_WEIGHTS[points[index].priority], index))
    return sorted(by_worth[:most])


def divide_content(inputs: CreatorScriptInput, template: Template) -> list[ContentPart]:
    """The template's beats and the key points as parts for which there is time; places of a list have their numbers."""
    style = list_styles()[inputs.style]
    seconds = content_seconds(inputs.seconds, style)
    kept = kept_points(inputs.key_points, seconds)
    return _fit(list(_parts(inputs, template, kept, seconds)), seconds)


def make_plan(inputs: CreatorScriptInput, template: Template, parts: list[ContentPart] | None = None) -> Plan:
    """Hook, content, outro, each with its time. What was left out for lack of time is in the notes."""
    style = list_styles()[inputs.style]
    parts = divide_content(inputs, template) if parts is None else parts
    kept = kept_points(inputs.key_points, content_seconds(inputs.seconds, style))
    parts = [replace(part, title=f"{part.label}{part.title}") for part in parts]
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
                    if covers(find_passage(p.text, said, inputs.language)[1], p.text)
                ],
            )
        )
        start = end
    return edited


def _kind(index: int, count: int) -> SlotKind:
    if count == 1 or 0 < index < count - 1:
        return "CONTENT"
    return "HOOK" if index == 0 else "OUTRO"


def _parts(
    inputs: CreatorScriptInput, template: Template, kept: list[int], seconds: int
) -> Iterator[ContentPart]:
    """The template's beats, with the points in their place where there are any."""
    order = kept[::-1] if template.order == "countdown" else kept
    room = seconds // MIN_SECTION_SECONDS - len(kept)
    for beat in template.beats:
        if beat.points and kept:
            for place, index in enumerate(order):
                point = inputs.key_points[index]
                places = (len(order) - place,) if template.order == "countdown" else ()
                title = _title(point.text)
                yield ContentPart(title, point.text, _WEIGHTS[point.priority], (index,), places)
        elif beat.points and template.order == "countdown":
            yield from _places(inputs, beat, seconds)
        elif beat.points or _has_room(beat, inputs, room):
            room -= 1
            yield ContentPart(beat.title, beat.text, beat.weight)


def _places(inputs: CreatorScriptInput, beat: Beat, seconds: int) -> Iterator[ContentPart]:
    """The places of a list whose entries nobody gave: as many as the topic says, else as there is time for."""
    named = _NAMED_PLACES.search(inputs.topic)
    count = int(named[1] or named[2]) if named else 0
    if not 2 <= count <= _MOST_PLACES:
        count = max(3, min(10, seconds // _PLACE_SECONDS))
    parts = max(1, min(count, seconds // MIN_SECTION_SECONDS))
    numbers = list(range(count, 0, -1))
    for size in split(count, [1] * parts):
        places, numbers = tuple(numbers[:size]), numbers[size:]
        yield ContentPart(beat.title, beat.text, max(1, size), (), places)


def _has_room(beat: Beat, inputs: CreatorScriptInput, room: int) -> bool:
    return inputs.duration_minutes >= beat.min_minutes and room > 0


def _fit(parts: list[ContentPart], seconds: int) -> list[ContentPart]:
    """Not more parts than can be told apart in the time; none so long that one call can't write it."""
    most = max(1, seconds // MIN_SECTION_SECONDS)
    if len(parts) > most:
        sizes = split(len(parts), [1] * most)
        starts = [sum(sizes[:index]) for index in range(most)]
        parts = [_join(parts[start : start + size]) for start, size in zip(starts, sizes, strict=True)]
    lengths = share(seconds, [part.weight for part in parts])
    # Each piece keeps its share: all weights grow by what makes every part divisible.
    counts = [
        math.ceil(length / (MAX_SECTION_SECONDS if part.points or part.places else BEAT_SECONDS)) or 1
        for part, length in zip(parts, lengths, strict=True)
    ]
    unit = math.lcm(*counts)
    return [
        piece
        for part, count in zip(parts, counts, strict=True)
        for piece in _pieces(replace(part, weight=part.weight * unit // count), count)
    ]


def _join(parts: list[ContentPart]) -> ContentPart:
    if len(parts) == 1:
        return parts[0]
    return ContentPart(
        " / ".join(part.title for part in parts)[:200],
        " ".join(part.summary for part in parts)[:1000],
        sum(part.weight for part in parts),
        tuple(index for part in parts for index in part.points),
        tuple(place for part in parts for place in part.places),
    )


def _pieces(part: ContentPart, count: int) -> list[ContentPart]:
    if count == 1:
        return [part]
    return [replace(part, title=f"{part.title} ({number} of {count})") for number in range(1, count + 1)]


def _slots(seconds: int, style: StyleGuide, parts: list[ContentPart]) -> list[TimeSlot]:
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
