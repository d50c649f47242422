"""Ideas for a report, made as data before they are told: what the recommendations choose among, and what is checked."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from workflows.formats.answer_fields import First
from workflows.formats.discovery_report.input import DiscoveryInput
from workflows.formats.languages import LANGUAGES
from workflows.models.calls.calls import ask
from workflows.models.clients.catalog import Model
from workflows.prompts import Prompts
from workflows.state import Section
from workflows.text.streams.normaliser import normalise_all
from workflows.verdicts import ReviewFinding

IDEAS = 4
FEWEST_IDEAS = 3
_PROMPTS = Prompts(Path(__file__).parent / "prompts" / "standard")
_IDEA = re.compile(r"^[^\S\n]*(?:#{2,4}[^\S\n]+)?\d{1,2}[.)]\s+\S", re.MULTILINE)
_CITATION = re.compile(r"\[(\d{1,3})\]")

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Idea(BaseModel):
    """Business idea of the report. `sources` are numbers of the sources that speak for it."""

    name: _Line
    problem: _Line
    customer: _Line
    offer: _Line
    first_three_customers: _Line
    price: _Line
    first_step: _Line
    what_would_end_it: _Line
    sources: list[int]


class IdeaSet(BaseModel):
    """Ideas that differ in kind and in risk."""

    ideas: Annotated[list[Idea], Field(min_length=IDEAS), First(IDEAS)]
    """The first of them are kept. One too many is not worth a second call."""


async def make_ideas(
    inputs: DiscoveryInput, notes: str, sources: Sequence[Mapping[str, str]], model: Model
) -> list[dict[str, Any]]:
    """The ideas as JSON, by the profile and what is known of the field. Names that come twice are told apart, numbers
    of sources that there aren't are left out."""
    messages = _PROMPTS.messages(
        "ideas", input=inputs, language=LANGUAGES[inputs.language], notes=notes, sources=sources, count=IDEAS
    )
    answer = await ask(model, IdeaSet, messages)
    ideas: list[dict[str, Any]] = []
    for idea in answer.ideas:
        made = idea.model_dump()
        if any(made["name"].casefold() == other["name"].casefold() for other in ideas):
            made["name"] = f"{made['name']} ({len(ideas) + 1})"
        made["sources"] = sorted({number for number in idea.sources if 1 <= number <= len(sources)})
        ideas.append(made)
    return normalise_all(ideas)


def review_ideas(research: Mapping[str, Any], sections: Mapping[int, Section]) -> Iterator[ReviewFinding]:
    """What the second and the third part lack of the ideas and the sources that they were given."""
    ideas_text = sections[1]["text"] if 1 in sections else None
    advice = sections[2]["text"] if 2 in sections else None
    names = [idea["name"] for idea in research.get("ideas", ())]
    count = len(research.get("sources", ()))
    if ideas_text is not None:
        yield from _review_ideas_text(ideas_text, names, count)
    if advice is not None and names and not any(name.casefold() in advice.casefold() for name in names):
        yield _finding("choice", 2, f"Choose among the ideas by their names: {'; '.join(names)}.")
    for index, known in ((0, 0), (1, count), (2, count)):  # the first part is given no sources
        text = sections[index]["text"] if index in sections else ""
        wrong = sorted({number for number in map(int, _CITATION.findall(text)) if not 1 <= number <= known})
        if wrong:
            kinds = f"there are {known}" if known else "there are none"
            numbers = ", ".join(f"[{number}]" for number in wrong)
            yield _finding("citations", index, f"{numbers}: there is no such source; {kinds}. Take it out.")


def _review_ideas_text(text: str, names: Sequence[str], sources: int) -> Iterator[ReviewFinding]:
    if len(_IDEA.findall(text)) < FEWEST_IDEAS:
        yield _finding(
            "ideas", 1, f"Give at least {FEWEST_IDEAS} ideas, each under its number and its name (“1. …”)."
        )
    if missing := [name for name in names if name.casefold() not in text.casefold()]:
        yield _finding("ideas_named", 1, f"Tell these ideas too, under their names: {'; '.join(missing)}.")
    if sources and not _CITATION.search(text):
        yield _finding("citations", 1, "Cite the sources in the text by their numbers, as [1].")
    if len(_tables(text)) > 1:
        yield _finding("tables", 1, "Keep one table that compares the ideas, and tell the rest in sentences.")


def _tables(text: str) -> list[str]:
    """Blocks of the text that are tables."""
    return [block for block in text.split("\n\n") if sum(map(_is_row, block.splitlines())) > 1]


def _is_row(line: str) -> bool:
    cells = line.strip()
    return len(cells) > 1 and cells[0] == cells[-1] == "|"


def _finding(rule: str, section: int, advice: str) -> ReviewFinding:
    return ReviewFinding(rule=rule, section=section, advice=advice, rewrite=True)
