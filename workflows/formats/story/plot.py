"""The form of a small plot: what the embedded model fills in, and the sentences and titles that come of it. Pure.

The form is fixed because a very small model can't plan: the hero finds something, it is in trouble, somebody
helps, all ends well. Each pattern is one that the model's tokens are made to follow.
"""

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from pydantic import BaseModel, Field

_WORD = r"[a-z]+('[a-z]+)?"
# Upper limits are generous: at a limit the model can't write a space any more, and runs two words together.
_MORE = rf"( {_WORD})"
_NEAR = r"(the|a|an|her|his)"
_TROUBLES = (
    "was lost", "was stuck", "was sad", "was lonely", "was hungry", "was cold", "was afraid", "was broken",
    "was tired", "could not", "had lost", "had no",
)  # fmt: skip
_HELPERS = ("kind", "clever", "friendly", "funny", "gentle", "sleepy", "cheerful", "shy", "brave", "curious")
_JOYS = ("danced", "laughed", "cheered", "sang", "smiled", "clapped", "played")
_ACTS_1 = ("Ask the", "Help the", "Visit the", "Follow the", "Invite the", "Thank the")
_ACTS_2 = ("Build a", "Make a", "Draw a", "Find a", "Bake a", "Write a")
_ACTS_3 = ("Climb the", "Explore the", "Run to the", "Sing to the", "Play with the", "Look behind the")
_SAMPLED = 3

_MAX_WORDS, _MAX_LETTERS = 14, 14
_LOOSE = frozenset(
    ["a", "an", "the", "to", "of", "and", "or", "but", "with", "in", "on", "at", "by", "for", "from", "as", "into", "that", "who", "which", "because", "so", "very", "his", "her", "its", "their", "my", "your", "was", "were", "is", "are", "be", "been", "had", "has", "have", "could", "can", "will", "would", "when", "while", "if", "not", "no"]
)
_GRIM = frozenset(
    ["kill", "killed", "die", "died", "dead", "death", "blood", "bloody", "gun", "knife", "eaten", "drunk", "drugs", "naked", "mate", "poison", "lap", "bed"]
)
_AFTER_NOUN = re.compile(
    r" (?:with|of|named|called|that|who|which|in|on|from|made|and|full|covered|inside|at|for|to|about|under)\b"
)


def _either(words: Sequence[str]) -> str:
    return f"({'|'.join(words)})"


def _words(least: int, most: int = 20) -> str:
    return rf"{_WORD}{_MORE}{{{least - 1},{most - 1}}}"


class Plot(BaseModel):
    """Four scenes in pieces, in the order in which the model fills them in."""

    hero: str = Field(
        pattern=rf"^a (kind|brave|curious|clever|cheerful) (girl|boy) who (loves|likes) {_words(1, 14)}$"
    )
    thing: str = Field(pattern=rf"^(a|an) {_words(2, 10)}$")
    place: str = Field(pattern=rf"^(in|inside|under|behind|on|near|beside) {_NEAR} {_words(1, 12)}$")
    trouble: str = Field(pattern=rf"^{_either(_TROUBLES)} {_words(2)}$")
    helper: str = Field(pattern=rf"^a {_either(_HELPERS)} {_WORD}$")
    helper_place: str = Field(pattern=rf"^(in|under|on|near|at) the {_words(1, 12)}$")
    advice: str = Field(pattern=rf"^to {_words(3)}$")
    deed: str = Field(
        pattern=rf"^(helped|fixed|saved|carried|brought|gave|showed|taught|followed|freed) the {_words(2)}$"
    )
    joy: str = Field(
        pattern=rf"^(everyone|the whole (village|family|town|crew)|all the {_WORD}|all (his|her) friends) "
        rf"{_either(_JOYS)} {_words(2)}$"
    )
    title: str = Field(pattern=r"^the [A-Z][a-z]+ [A-Z][a-z]+$")


class Ending(BaseModel):
    """The rest of "What should Maya …?", and three ways on: what to do, and what Maya will do then."""

    question: str = Field(pattern=rf"^do (with|for|about|after) the {_words(1, 12)}$")
    choice_1: str = Field(pattern=rf"^{_either(_ACTS_1)} {_words(1, 12)}$")
    then_1: str = Field(pattern=rf"^{_words(3, 16)}$")
    choice_2: str = Field(pattern=rf"^{_either(_ACTS_2)} {_words(1, 12)}$")
    then_2: str = Field(pattern=rf"^{_words(3, 16)}$")
    choice_3: str = Field(pattern=rf"^{_either(_ACTS_3)} {_words(1, 12)}$")
    then_3: str = Field(pattern=rf"^{_words(3, 16)}$")


def plot_schema(theme: str, lots: Random) -> dict[str, Any]:
    """The form for one try: what is found belongs to the theme, and the lots leave a few ways open.

    Given all of them, the model would take the likeliest each time.
    """
    schema = _draw(Plot.model_json_schema(), {"trouble": _TROUBLES, "helper": _HELPERS, "joy": _JOYS}, lots)
    if matter := _matter_of(theme):
        pattern = rf"^(a|an) {_WORD} {matter}( {_WORD})?( (with|in|that|who) {_words(1, 8)})?$"
        schema["properties"]["thing"]["pattern"] = pattern
    return schema


def ending_schema(lots: Random) -> dict[str, Any]:
    """The form for one try."""
    return _draw(
        Ending.model_json_schema(), {"choice_1": _ACTS_1, "choice_2": _ACTS_2, "choice_3": _ACTS_3}, lots
    )


def tell_scenes(plot: Plot, name: str, wish: str = "", chapter_number: int = 1) -> list[tuple[str, str]]:
    """The four scenes as (title, first line), all of the plot's own words; a wish is told word for word."""
    thing, helper = _name_thing(plot.thing), plot.helper.split()[-1]
    found = f"{name} found {plot.thing} {plot.place}."
    if wish:
        found = f'{name} had an idea: "{wish}" Soon {found}'
    elif chapter_number > 1:
        found = f"The next day, {found}"
    asked = f"{name} asked {plot.helper} {plot.helper_place} for help, and the {helper} said {plot.advice}."
    return [
        (_title(f"{plot.thing.split()[0]} {thing}"), found),
        (_title(_name_trouble(thing, plot.trouble)), f"But the {thing} {plot.trouble}."),
        (_title(plot.helper), asked),
        (_title(_name_joy(plot.joy)), f"At last, {name} {plot.deed}, and {plot.joy}."),
    ]


def is_clumsy_plot(plot: Plot) -> bool:
    """Whether another try is worth its second: see `is_clumsy`; or a thing that helps itself."""
    return plot.helper.split()[-1] in {*_name_thing(plot.thing).split(), "little", "big"} or is_clumsy(plot)


def is_clumsy(filled: BaseModel) -> bool:
    """Whether a piece ends in the middle, runs on, runs words together, or is no matter for little children."""
    return any(_is_clumsy_piece(str(piece).lower().split()) for piece in filled.model_dump().values())


def _is_clumsy_piece(words: list[str]) -> bool:
    too_long = len(words) > _MAX_WORDS or any(len(word) > _MAX_LETTERS for word in words)
    return too_long or words[-1] in _LOOSE or not _GRIM.isdisjoint(words)


def _draw(schema: dict[str, Any], drawn: Mapping[str, Sequence[str]], lots: Random) -> dict[str, Any]:
    for name, words in drawn.items():
        field = schema["properties"][name]
        field["pattern"] = field["pattern"].replace(_either(words), _either(lots.sample(words, _SAMPLED)))
    return schema


def _matter_of(theme: str) -> str:
    """ "the lost dinosaurs of Mars" → "lost dinosaur"; empty when the theme has no plain English noun in front."""
    words = _name_thing(re.sub(r"^(?:a|an|the|my|his|her|our) ", "", theme.lower()), article=False).split()
    if not 1 <= len(words) <= 3 or not all(re.fullmatch(r"[a-z]{2,14}", word) for word in words):
        return ""
    return " ".join([*words[:-1], _singular(words[-1])])


def _singular(noun: str) -> str:
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    return noun[:-1] if noun.endswith("s") and not noun.endswith(("ss", "us", "is")) else noun


def _name_thing(thing: str, article: bool = True) -> str:
    """ "a robot with eyes of gold" → "robot"."""
    return _AFTER_NOUN.split(thing.partition(" ")[2] if article else thing)[0]


def _name_trouble(thing: str, trouble: str) -> str:
    verb, _, rest = trouble.partition(" ")
    state, noun = rest.partition(" ")[0], thing.split()[-1]
    return f"the {state} {noun}" if verb == "was" and state != "afraid" else f"trouble for the {noun}"


def _name_joy(joy: str) -> str:
    words = joy.split()
    return " ".join(words[: next(i for i, word in enumerate(words) if word in _JOYS) + 1])


def _title(text: str) -> str:
    words = [word if word in _LOOSE else word.capitalize() for word in text.split()]
    return " ".join([words[0].capitalize(), *words[1:]])
