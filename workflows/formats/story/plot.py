"""Schema of a small plot for the embedded model, and the sentences and titles made from it. Pure.

The form is fixed because a very small model can't plan: the hero finds something, it is in trouble, somebody
helps, all ends well. Each pattern is one that the model's tokens are made to follow.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from pydantic import BaseModel, Field

_WORDS = tomllib.loads((Path(__file__).parent / "prompts/embedded/words.toml").read_text(encoding="utf-8"))
_LOTS: dict[str, list[str]] = _WORDS["by_lot"]
_PLACES, _IDEAS = (frozenset(_WORDS["themes"][kind]) for kind in ("places", "ideas"))
_LOOSE, _GRIM = (frozenset(_WORDS["faults"][kind]) for kind in ("loose", "grim"))
_NAMELESS = _LOOSE | frozenset(_WORDS["faults"]["nameless"])
_NO_NOUN = frozenset([*_WORDS["faults"]["no_nouns"], *_LOTS["looks"], *_NAMELESS])
_DRAWN = 3
_MAX_WORDS, _MAX_LETTERS = 22, 14
_PREPOSITIONS = "of|in|on|at|with|to|for|by"
# No letter that "of", "in", "that", "with" or "at" begins with, or the model goes on with one of these.
_NOUN = "[b-hj-np-su-vyz][a-z]+"
_STUMBLE = re.compile(r"\b(?:of|in|at|with|to|for|by|that|who) (?:of|in|at|with|to|for|by|that|who)\b")
_AFTER_NOUN = re.compile(
    rf" (?:{_PREPOSITIONS}|named|called|that|who|which|from|made|and|full|covered|inside|about|under)\b"
)


def _either(words: Sequence[str]) -> str:
    return f"({'|'.join(words)})"


def _some(least: int) -> str:
    """A pattern of at least so many words. An upper limit would keep the model from writing a space there."""
    word = r"[a-z]+('[a-z]+)?"
    return rf"{word}( {word}){{{least - 1},}}"


def _lot(kind: str) -> str:
    return _either(_LOTS[kind])


class Plot(BaseModel):
    """Four scenes in pieces, in the order in which the model fills them in."""

    hero: str = Field(
        pattern=rf"^a (kind|brave|curious|clever|cheerful) (girl|boy) who (loves|likes) {_some(1)}$"
    )
    thing: str = Field(pattern=rf"^a {_lot('looks')} {_some(1)}$")
    place: str = Field(pattern=rf"^(in|inside|under|behind|on|near|beside) (the|a|an|her|his) {_some(1)}$")
    trouble: str = Field(pattern=rf"^{_lot('troubles')} {_some(2)}$")
    helper: str = Field(pattern=rf"^a {_lot('helpers')} [a-z]+( [a-z]+)?$")
    helper_place: str = Field(pattern=rf"^(in|under|on|near|at) the {_some(1)}$")
    advice: str = Field(pattern=rf"^to {_some(3)}$")
    deed: str = Field(
        pattern=rf"^(helped|fixed|saved|carried|brought|gave|showed|taught|followed|freed) the {_some(2)}$"
    )
    joy: str = Field(
        pattern=r"^(everyone|the whole (village|family|town|crew)|all the [a-z]+|all (his|her) friends) "
        rf"{_lot('joys')} {_some(2)}$"
    )
    title: str = Field(pattern=r"^the( [A-Z][a-z]+){2,4}$")


class PlotEnding(BaseModel):
    """The rest of "What should Maya …?", and three ways on: what to do, and what Maya will do then."""

    question: str = Field(pattern=rf"^do (with|for|about) the {_some(1)}$")
    choice_1: str = Field(pattern=rf"^{_lot('first_acts')} {_some(1)}$")
    then_1: str = Field(pattern=rf"^{_lot('outcomes')} {_some(1)}$")
    choice_2: str = Field(pattern=rf"^{_lot('second_acts')} {_some(1)}$")
    then_2: str = Field(pattern=rf"^{_lot('outcomes')} {_some(1)}$")
    choice_3: str = Field(pattern=rf"^{_lot('third_acts')} {_some(1)}$")
    then_3: str = Field(pattern=rf"^{_lot('outcomes')} {_some(1)}$")


def plot_schema(theme: str, lots: Random, hero: str | None = None) -> dict[str, Any]:
    """The JSON schema of one attempt: `Plot` with some words drawn by lot, and a thing that belongs to the theme.

    A `hero` of the form that a plot has stays who it is.
    """
    schema = _draw(Plot, lots)
    if hero and re.fullmatch(schema["properties"]["hero"]["pattern"], hero):
        schema["properties"]["hero"]["pattern"] = f"^{hero}$"
    if matter := _matter_of(theme):
        look, noun, last = _either(lots.sample(_LOTS["looks"], _DRAWN)), matter, matter.split()[-1]
        name = f"[A-Z][a-z]+ {last.capitalize()}"
        if last in _PLACES:
            noun, name = f"{matter} {_NOUN}", f"{last.capitalize()} [A-Z][a-z]+"
        schema["properties"]["thing"]["pattern"] = rf"^a {look} {noun}( (with|in|that|who) {_some(1)})?$"
        schema["properties"]["title"]["pattern"] = f"^the {name}$"
    return schema


def ending_schema(ending: str, lots: Random) -> dict[str, Any]:
    """The JSON schema of one attempt: `PlotEnding` with some words drawn by lot, and a question on the scenes."""
    schema = _draw(PlotEnding, lots)
    if nouns := sorted(set(re.findall(r"\bthe ([a-z]{3,})\b(?! of\b)", ending)) - _NO_NOUN):
        schema["properties"]["question"]["pattern"] = rf"^do (with|for|about) the {_either(nouns)}$"
    return schema


def make_scenes(
    plot: Plot, name: str, wish: str = "", chapter_number: int = 1, before: str | None = None
) -> list[tuple[str, str]]:
    """The four scenes as (title, first line), all of the plot's own words; a wish is kept word for word.

    `before` is the title of the chapter before.
    """
    thing, helper = _name_thing(plot.thing), _name_helper(plot)
    found = f"{name} found {plot.thing} {plot.place}."
    if wish:
        found = f'{name} had an idea: "{wish}" Soon {found}'
    elif chapter_number > 1:
        found = f"The next day, {found}"
    if before and (matter := before.removeprefix(f"{name} and ")):
        found = f"{name} still thought of {matter}. {found}"
    asked = f"{name} asked {plot.helper} {plot.helper_place} for help, and the {helper} said {plot.advice}."
    return [
        (_title(f"a {thing}"), found),
        (_title(_name_trouble(thing, plot.trouble)), f"But the {thing} {plot.trouble}."),
        (_title(plot.helper), asked),
        (_title(_name_joy(plot.joy)), f"At last, {name} {plot.deed}, and {plot.joy}."),
    ]


def count_plot_faults(plot: Plot) -> int:
    """The number of faults in its pieces, and one for a thing or a helper without a name."""
    names = [_name_thing(plot.thing).split()[-1], *plot.helper.split()[2:]]
    return count_faults(plot) + (not _NAMELESS.isdisjoint(names))


def count_faults(filled: BaseModel) -> int:
    """The number of pieces that end in the middle, run on or run words together; an unfit one counts ten."""
    return sum(_count_faults(str(piece).lower().split()) for piece in filled.model_dump().values())


def _count_faults(words: list[str]) -> int:
    runs_on = len(words) > _MAX_WORDS or any(len(word) > _MAX_LETTERS for word in words)
    stumbles = words[-1] in _LOOSE or _STUMBLE.search(" ".join(words)) is not None
    return runs_on + stumbles + 10 * (not _GRIM.isdisjoint(words))


def _draw(form: type[BaseModel], lots: Random) -> dict[str, Any]:
    schema = form.model_json_schema()
    for field in schema["properties"].values():
        for words in _LOTS.values():
            field["pattern"] = field["pattern"].replace(_either(words), _either(lots.sample(words, _DRAWN)))
    return schema


def _matter_of(theme: str) -> str:
    """ "the lost dinosaurs of Mars" → "lost dinosaur"; empty for a theme without a plain English thing in front."""
    words = _AFTER_NOUN.split(re.sub(r"^(?:a|an|the|my|his|her|our) ", "", theme.lower()))[0].split()
    if not 1 <= len(words) <= 3 or not all(re.fullmatch(r"[a-z]{2,14}", word) for word in words):
        return ""
    if words[-1].endswith(tuple(_IDEAS)):
        return ""
    return " ".join([*words[:-1], _singular(words[-1])])


def _singular(noun: str) -> str:
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    return noun[:-1] if noun.endswith("s") and not noun.endswith(("ss", "us", "is")) else noun


def _name_thing(thing: str) -> str:
    """ "a tiny robot with eyes of gold" → "tiny robot"."""
    return _AFTER_NOUN.split(thing.removeprefix("a "))[0]


def _name_helper(plot: Plot) -> str:
    """ "a clever old parrot" → "old parrot"; with its adjective when the thing in trouble is one too."""
    _, adjective, name = plot.helper.split(maxsplit=2)
    return f"{adjective} {name}" if name.split()[-1] in _name_thing(plot.thing).split() else name


def _name_trouble(thing: str, trouble: str) -> str:
    verb, _, rest = trouble.partition(" ")
    state, noun = rest.partition(" ")[0], thing.split()[-1]
    return f"the {state} {noun}" if verb == "was" and state != "afraid" else f"trouble for the {noun}"


def _name_joy(joy: str) -> str:
    words = joy.split()
    return " ".join(words[: next(i for i, word in enumerate(words) if word in _LOTS["joys"]) + 1])


def _title(text: str) -> str:
    words = [word if word in _NAMELESS else word.capitalize() for word in text.split()]
    return " ".join([words[0].capitalize(), *words[1:]])
