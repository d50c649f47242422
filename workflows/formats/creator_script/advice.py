"""Tips on a wish while it is being typed. Pure; no model is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from workflows.formats.creator_script.input import CreatorScriptInput
from workflows.formats.creator_script.plan import kept_points, pace_of
from workflows.formats.creator_script.styles import list_styles
from workflows.formats.creator_script.templates import Template
from workflows.formats.creator_script.timing import MIN_POINT_SECONDS, content_seconds
from workflows.text.coverage import content_stems
from workflows.text.stems import stem
from workflows.text.words import list_words

_VAGUE = frozenset(
    map(stem, ["stuff", "things", "life", "everything", "anything", "something", "technology", "world",
               "news", "people", "success", "money", "health", "business", "science", "history", "video"])
)  # fmt: skip
_OFTEN = 5  # so many `must` points, and nothing else, say that none matters more than the others
_LONG_MINUTES = 10
_FAST = 185  # words a minute


@dataclass(frozen=True, slots=True)
class Tip:
    """What might be better. `warning`: the script will suffer; `hint`: it may gain."""

    code: str
    field: str
    severity: Literal["warning", "hint"]
    message: str


def give_tips(given: CreatorScriptInput, template: Template) -> list[Tip]:
    """Tips in the order of the form's fields. A wish without any may still be a poor one."""
    return [*_topic(given), *_sound(given), *_audience(given), *_points(given), *_template(given, template)]


def _topic(given: CreatorScriptInput) -> Iterator[Tip]:
    stems = content_stems(given.topic)
    if stems <= _VAGUE or (len(stems) < 2 and not given.key_points):
        yield Tip(
            "vague_topic",
            "topic",
            "warning",
            "This is wide enough for a hundred videos. Say what about it, for instance as the question that the "
            "video answers.",
        )


def _sound(given: CreatorScriptInput) -> Iterator[Tip]:
    said = {word.casefold() for word in list_words(given.tone)}
    if clash := sorted(said & set(list_styles()[given.style].clashes)):
        yield Tip(
            "tone_against_style",
            "tone",
            "warning",
            f"A {clash[0]} tone and the style {given.style} pull in different directions; change one of them.",
        )
    if given.words_per_minute is not None and given.words_per_minute > _FAST:
        yield Tip(
            "fast_pace",
            "words_per_minute",
            "hint",
            f"{given.words_per_minute} words a minute is hard to follow; most speakers stay below {_FAST}.",
        )


def _audience(given: CreatorScriptInput) -> Iterator[Tip]:
    if not (given.target_audience or given.audience_persona or given.audience_persona_id):
        yield Tip(
            "no_audience", "target_audience", "hint", "Say whom it is for: it decides what needs explaining."
        )


def _points(given: CreatorScriptInput) -> Iterator[Tip]:
    points = given.key_points
    musts = sum(point.priority == "must" for point in points)
    seconds = content_seconds(given.seconds, list_styles()[given.style])
    left_out = len(points) - len(kept_points(points, seconds))
    if left_out:
        yield Tip(
            "too_many_points",
            "key_points",
            "warning",
            f"{left_out} of {len(points)} points will be left out: {seconds} seconds of content have room for "
            f"{seconds // MIN_POINT_SECONDS}. Give it more time or drop some yourself.",
        )
    if points and not musts:
        yield Tip(
            "no_must_point",
            "key_points",
            "hint",
            "No point is a must, so none of them is checked for. Mark what has to be said.",
        )
    if musts >= _OFTEN and musts == len(points):
        yield Tip(
            "everything_is_a_must",
            "key_points",
            "hint",
            "Every point is a must, so all get the same time. Mark what matters less as should or nice.",
        )
    if len(points) < 2 and given.duration_minutes > _LONG_MINUTES:
        yield Tip(
            "long_without_points",
            "key_points",
            "hint",
            f"{given.duration_minutes:g} minutes with {len(points) or 'no'} key point{'s' * (len(points) != 1)} "
            "will be filled by the model's own ideas. Add what you want said.",
        )


def _template(given: CreatorScriptInput, template: Template) -> Iterator[Tip]:
    if given.style not in template.styles:
        yield Tip(
            "style_against_template",
            "template",
            "hint",
            f"The template {template.name} is made for {', '.join(template.styles)}, not for {given.style}.",
        )
    shortened = [
        beat.title for beat in template.beats if not beat.points and given.duration_minutes < beat.min_minutes
    ]
    if shortened:
        yield Tip(
            "short_for_template",
            "duration_minutes",
            "hint",
            f"In {given.duration_minutes:g} min there is no room for: {', '.join(shortened)}.",
        )
    if (pace := pace_of(given, template)) * given.duration_minutes < 100:
        yield Tip(
            "hardly_any_words",
            "duration_minutes",
            "hint",
            f"At {pace} words a minute this is a text of {round(pace * given.duration_minutes)} words.",
        )
