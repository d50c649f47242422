"""Ideas for a report, made as data before they are told: what the recommendations choose among, and what is checked."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from workflows.formats.discovery_report.input import DiscoveryInput
from workflows.formats.toolkit.answer_fields import First, as_line, as_places, clip
from workflows.formats.toolkit.languages import LANGUAGES
from workflows.models.calls.calls import ask
from workflows.models.clients.catalog import Model
from workflows.prompts import Prompts
from workflows.state import Section
from workflows.text.streams.normaliser import normalise_all
from workflows.text.words import fold_words
from workflows.verdicts import ReviewFinding

IDEAS = 4
FEWEST_IDEAS = 3
_PROMPTS = Prompts(Path(__file__).parent / "prompts" / "standard")
_IDEA = re.compile(r"^[^\S\n]*(?:#{2,4}[^\S\n]+)?\d{1,2}[.)]\s+\S", re.MULTILINE)
_CITATION = re.compile(r"\[\s*(?:sources?\s+)?\d{1,6}(?:\s*[,;–-]\s*\d{1,6}){0,40}\s*\]", re.IGNORECASE)
"""`[1]`, and what models write in its place: `[1, 3]`, `[Source 2]`."""
_NUMBER = re.compile(r"\d+")
_ADDRESS = re.compile(r"\bhttps?://[^\s<>()\[\]{}|\"'“”‘’`—]{1,2000}", re.IGNORECASE)
_SCHEME = re.compile(r"\bhttps?://(?:www\.)?|\bwww\.", re.IGNORECASE)
_NAME_LETTERS = 60
_FIELD_LETTERS = 800
_TABLE_SIGNS = frozenset("|-: ")

_MARKUP = re.compile(r"\*+|__+|`+|^#+")

_Said = Annotated[
    str,
    StringConstraints(strip_whitespace=True),
    BeforeValidator(lambda given: clip(as_line("" if given is None else given), _FIELD_LETTERS)),
    Field(json_schema_extra={"maxLength": _FIELD_LETTERS}),
]
"""What a model may have left open, as one text."""
_Line = Annotated[_Said, Field(min_length=1)]


class Idea(BaseModel):
    """Business idea of the report. `sources` are numbers of the sources that speak for it."""

    name: str = Field(json_schema_extra={"minLength": 1})
    problem: _Line
    customer: _Said
    offer: _Line
    first_three_customers: _Said
    price: _Said
    first_step: _Said
    what_would_end_it: _Said
    sources: Annotated[list[int], BeforeValidator(as_places)]


class IdeaSet(BaseModel):
    """Ideas that differ in kind and in risk."""

    ideas: Annotated[
        list[Idea], Field(min_length=FEWEST_IDEAS, json_schema_extra={"minItems": IDEAS}), First(IDEAS)
    ]
    """The first of them are kept. One too many, or too few, is not worth a second call."""


async def make_ideas(
    inputs: DiscoveryInput, notes: str, sources: Sequence[Mapping[str, str]], model: Model
) -> list[dict[str, Any]]:
    """The ideas as JSON, by the profile and what is known of the field. Names that come twice are told apart, an idea
    without one is called by its offer; numbers of sources that there aren't are left out."""
    messages = _PROMPTS.messages(
        "ideas", input=inputs, language=LANGUAGES[inputs.language], notes=notes, sources=sources, count=IDEAS
    )
    answer = await ask(model, IdeaSet, messages)
    ideas: list[dict[str, Any]] = normalise_all([idea.model_dump() for idea in answer.ideas])
    known: set[str] = set()
    for idea in ideas:
        idea["name"] = _name(idea, known)
        known.add(fold_words(idea["name"]))
        idea["sources"] = sorted({number for number in idea["sources"] if 1 <= number <= len(sources)})
    return ideas


def _name(idea: Mapping[str, Any], known: Collection[str]) -> str:
    """The idea's name on one line, which no idea before it has."""
    name: str = " ".join(_MARKUP.sub("", idea["name"]).strip(" _\"'“”").split())
    if fold_words(name) == fold_words(""):
        name = idea["offer"]
    name = clip(name, _NAME_LETTERS).rstrip(".")
    number, found = 1, name
    while fold_words(found) in known:
        number += 1
        found = f"{name} ({number})"
    return found


def review_ideas(
    research: Mapping[str, Any], sections: Mapping[int, Section], profile: str = ""
) -> Iterator[ReviewFinding]:
    """What the second and the third part lack of the ideas and the sources that they were given, and addresses that
    neither sources and notes nor the `profile` have."""
    urls = [source.get("url", "") for source in research.get("sources", ())]
    given = _bare(" ".join([*urls, research.get("notes", ""), profile]))
    ideas_text = sections[1]["text"] if 1 in sections else None
    advice = sections[2]["text"] if 2 in sections else None
    names = [idea["name"] for idea in research.get("ideas", ())]
    count = len(research.get("sources", ()))
    if ideas_text is not None:
        yield from _review_ideas_text(ideas_text, names, count)
    if advice is not None and names and not any(fold_words(name) in fold_words(advice) for name in names):
        yield _finding("choice", 2, f"Choose among the ideas by their names: {'; '.join(names)}.")
    for index, known in ((0, 0), (1, count), (2, count)):  # the first part is given no sources
        text = sections[index]["text"] if index in sections else ""
        wrong = sorted(_cited(text) - set(range(1, known + 1)))
        if wrong:
            kinds = f"there are {known}" if known else "there are none"
            numbers = ", ".join(f"[{number}]" for number in wrong)
            yield _finding("citations", index, f"{numbers}: there is no such source; {kinds}. Take it out.")
        if invented := next(
            (one for one in dict.fromkeys(_ADDRESS.findall(text)) if not _is_given(one, given)), None
        ):
            yield _finding("citations", index, f"No source has this address: {invented[:100]}. Take it out.")
    for index in (0, 2):
        if index in sections and _count_tables(sections[index]["text"]):
            yield _finding(
                "tables", index, "No table here: the one that compares the ideas is in the second part."
            )


def _bare(text: str) -> str:
    """The text with its addresses as they are compared."""
    return _SCHEME.sub("", unquote(text)).rstrip(".,;:!?*_/").casefold()


def _is_given(address: str, given: str) -> bool:
    """Whether a page, or a site of one, is named in `given`; `a.ex` isn't by `a.example`."""
    return bool(re.search(rf"(?<![\w.-]){re.escape(_bare(address))}(?![^\W_]|-|\.\w)", given))


def _cited(text: str) -> set[int]:
    """The numbers of sources that a text names."""
    return {int(number) for cited in _CITATION.findall(text) for number in _NUMBER.findall(cited)}


def _review_ideas_text(text: str, names: Sequence[str], sources: int) -> Iterator[ReviewFinding]:
    if len(_IDEA.findall(text)) < FEWEST_IDEAS:
        yield _finding(
            "ideas", 1, f"Give at least {FEWEST_IDEAS} ideas, each under its number and its name (“1. …”)."
        )
    # A table that has a name doesn't tell what it is.
    words = fold_words("\n".join(line for line in text.splitlines() if not _is_row(line)))
    if missing := [name for name in names if fold_words(name) not in words]:
        yield _finding("ideas_named", 1, f"Tell these ideas too, under their names: {'; '.join(missing)}.")
    if sources and not _CITATION.search(text):
        yield _finding("citations", 1, "Cite the sources in the text by their numbers, as [1].")
    if _count_tables(text) > 1:
        yield _finding("tables", 1, "Keep one table that compares the ideas, and tell the rest in sentences.")
    elif names and not _count_tables(text):  # such as one whose end was brought home without it
        yield _finding("tables", 1, "End with one table that compares the ideas: it isn't there.")
    elif absent := _absent(names, _first_cells(text)):
        yield _finding(
            "tables", 1, f"End with one table that compares the ideas; it lacks {'; '.join(absent)}."
        )


def _first_cells(text: str) -> list[str]:
    """What begins each row of the text's tables, without a number before it."""
    rows = (line.strip().strip("|").split("|") for line in text.splitlines() if "|" in line)
    return [next((cell for cell in cells if any(map(str.isalpha, cell))), "") for cells in rows]


def _absent(names: Sequence[str], cells: Sequence[str]) -> list[str]:
    return [name for name in names if not any(_names(cell, name) for cell in cells)]


def _names(cell: str, name: str) -> bool:
    """Whether a row's first cell names the idea: whole, or by some of its words."""
    words = {word for word in fold_words(cell).split() if not word.isdigit()}
    return fold_words(name) in fold_words(cell) or (bool(words) and words <= {*fold_words(name).split()})


def _count_tables(text: str) -> int:
    """How many tables the text has: rows below one another, or the line of dashes of one without outer bars."""
    lines = text.splitlines()
    blocks = sum(is_row and sum(1 for _ in rows) > 1 for is_row, rows in groupby(lines, _is_row))
    return max(blocks, sum(map(_is_below_heading, lines)))


def _is_below_heading(line: str) -> bool:
    return "|" in line and "--" in line and _TABLE_SIGNS.issuperset(line.strip())


def _is_row(line: str) -> bool:
    cells = line.strip()
    return len(cells) > 1 and cells[0] == cells[-1] == "|"


def _finding(rule: str, section: int, advice: str) -> ReviewFinding:
    return ReviewFinding(rule=rule, section=section, advice=advice, rewrite=True)
