"""Tips on a script's input while it is being typed. Pure; no model is called."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from workflows.formats.creator_script.input import CreatorScriptInput
from workflows.formats.creator_script.plan import kept_points, pace_of
from workflows.formats.creator_script.styles import list_styles
from workflows.formats.creator_script.templates import Template
from workflows.formats.creator_script.timing import MIN_POINT_SECONDS, content_seconds
from workflows.text.metrics.coverage import content_stems
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
    """A tip on the input. `warning`: the script will suffer; `hint`: it may gain."""

    code: str
    field: str
    severity: Literal["warning", "hint"]
    message: str


def give_tips(inputs: CreatorScriptInput, template: Template) -> list[Tip]:
    """Tips in the order of the form's fields. An input without any may still be a poor one."""
    return [
        *_topic(inputs),
        *_sound(inputs),
        *_audience(inputs),
        *_points(inputs),
        *_template(inputs, template),
    ]


def _topic(inputs: CreatorScriptInput) -> Iterator[Tip]:
    stems = content_stems(inputs.topic)
    if stems <= _VAGUE or (len(stems) < 2 and not inputs.key_points):
        yield Tip(
            "vague_topic",
            "topic",
            "warning",
            "This is wide enough for a hundred videos. Say what about it, for instance as the question that the "
            "video answers.",
        )


def _sound(inputs: CreatorScriptInput) -> Iterator[Tip]:
    said = {word.casefold() for word in list_words(inputs.tone)}
    if clash := sorted(said & set(list_styles()[inputs.style].clashes)):
        yield Tip(
            "tone_against_style",
            "tone",
            "warning",
            f"A {clash[0]} tone and the style {inputs.style} pull in different directions; change one of them.",
        )
    if inputs.words_per_minute is not None and inputs.words_per_minute > _FAST:
        yield Tip(
            "fast_pace",
            "words_per_minute",
            "hint",
            f"{inputs.words_per_minute} words a minute is hard to follow; most speakers stay below {_FAST}.",
        )


def _audience(inputs: CreatorScriptInput) -> Iterator[Tip]:
    if not (inputs.target_audience or inputs.audience_persona or inputs.audience_persona_id):
        yield Tip(
            "no_audience", "target_audience", "hint", "Say whom it is for: it decides what needs explaining."
        )


def _points(inputs: CreatorScriptInput) -> Iterator[Tip]:
    points = inputs.key_points
    musts = sum(point.priority == "must" for point in points)
    seconds = content_seconds(inputs.seconds, list_styles()[inputs.style])
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
    if len(points) < 2 and inputs.duration_minutes > _LONG_MINUTES:
        yield Tip(
            "long_without_points",
            "key_points",
            "hint",
            f"{inputs.duration_minutes:g} minutes with {len(points) or 'no'} key point{'s' * (len(points) != 1)} "
            "will be filled by the model's own ideas. Add what you want said.",
        )


def _template(inputs: CreatorScriptInput, template: Template) -> Iterator[Tip]:
    if inputs.style not in template.styles:
        yield Tip(
            "style_against_template",
            "template",
            "hint",
            f"The template {template.name} is made for {', '.join(template.styles)}, not for {inputs.style}.",
        )
    shortened = [
        beat.title
        for beat in template.beats
        if not beat.points and inputs.duration_minutes < beat.min_minutes
    ]
    if shortened:
        yield Tip(
            "short_for_template",
            "duration_minutes",
            "hint",
            f"In {inputs.duration_minutes:g} min there is no room for: {', '.join(shortened)}.",
        )
    if (pace := pace_of(inputs, template)) * inputs.duration_minutes < 100:
        yield Tip(
            "hardly_any_words",
            "duration_minutes",
            "hint",
            f"At {pace} words a minute this is a text of {round(pace * inputs.duration_minutes)} words.",
        )
