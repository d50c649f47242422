"""Coverage of a script's key points by their meaning, judged by a model that quotes the words."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from workflows.formats.creator_script.input import CreatorScriptInput
from workflows.formats.creator_script.script import spoken
from workflows.models.calls.calls import ask
from workflows.models.calls.unanswered import AWAY, REPLY_FAILED, log_nothing_judged, log_unanswered
from workflows.models.clients.catalog import Model
from workflows.prompts import Prompts
from workflows.state import State
from workflows.text.words import fold_words

_PROMPTS = Prompts(Path(__file__).parent / "prompts" / "standard")
_QUOTE_LETTERS = 400


class PointVerdict(BaseModel):
    """Verdict on a key point. `quote`: the words of the script that say it."""

    number: int = Field(json_schema_extra={"minimum": 1})
    """From 1. Another one is left out, and doesn't spoil the whole answer."""
    quote: str
    covered: bool


class PointVerdicts(BaseModel):
    """A verdict a point."""

    verdicts: list[PointVerdict]


async def judge_points(inputs: CreatorScriptInput, state: State, model: Model) -> dict[int, dict[str, Any]]:
    """By the index of a key point: `{covered, section?, quote?}`. Points that the model said nothing of, or called
    covered without words of the script to show for it, are left out: there words decide.

    A point that an earlier review found in a section which is as it was then isn't asked about again.
    """
    texts = _texts(state)
    known = _known_points(state, texts)
    asked = [index for index in range(len(inputs.key_points)) if index not in known]
    return {**known, **await _ask(inputs, asked, texts, model)}


async def judge_points_of_section(
    inputs: CreatorScriptInput, state: State, index: int, points: Sequence[int], model: Model
) -> dict[int, dict[str, Any]]:
    """As `judge_points`, of some `points` in the section `index` alone, beside what is known of those before it."""
    texts = _texts(state)
    found = await _ask(inputs, points, {index: texts[index]}, model)
    return {**_known_points(state, texts), **found}


def keep_points(verdicts: Mapping[int, Mapping[str, Any]], state: State) -> dict[str, Any]:
    """The verdicts as a later review finds them in the state (JSON), and `digests` of the sections that they are on."""
    return {
        "points": {str(index): dict(verdict) for index, verdict in sorted(verdicts.items())},
        "digests": {str(index): _digest(text) for index, text in _texts(state).items()},
    }


def _known_points(state: State, texts: Mapping[int, str]) -> dict[int, dict[str, Any]]:
    """What an earlier review found in sections which are as they were then."""
    reviewed = state.get("reviewed", {})
    digests = {int(index): digest for index, digest in reviewed.get("digests", {}).items()}
    return {
        int(point): verdict
        for point, verdict in reviewed.get("points", {}).items()
        if verdict["covered"]
        and digests.get(verdict["section"]) == _digest(texts.get(verdict["section"], ""))
    }


async def _ask(
    inputs: CreatorScriptInput, asked: Sequence[int], texts: Mapping[int, str], model: Model
) -> dict[int, dict[str, Any]]:
    if not asked:
        return {}
    points = [inputs.key_points[index].text for index in asked]
    found: dict[int, dict[str, Any]] = {}
    try:
        answer = await ask(model, PointVerdicts, _PROMPTS.messages("points", points=points, texts=texts))
    except (*REPLY_FAILED, *AWAY) as error:  # the text is paid for, so words decide
        log_unanswered("points", error)
        return found
    for verdict in _answers_on(answer.verdicts, len(asked)):
        index = asked[verdict.number - 1]
        if found.get(index, {}).get("covered") is False:
            continue  # of two answers, the stricter one counts
        if not verdict.covered:
            found[index] = {"covered": False}
        elif (section := _section_of(verdict.quote, texts)) is not None:
            quote = " ".join(verdict.quote.split())[:_QUOTE_LETTERS]
            found[index] = {"covered": True, "section": section, "quote": quote}
    return found


def _answers_on(verdicts: Sequence[PointVerdict], asked: int) -> list[PointVerdict]:
    """The verdicts on the `asked` points: it may answer for points that aren't there too. None where it counts from
    another point than we do."""
    counts_from_zero = any(verdict.number == 0 for verdict in verdicts)
    found = [] if counts_from_zero else [verdict for verdict in verdicts if 0 < verdict.number <= asked]
    if not found:
        log_nothing_judged("points")
    return found


def _texts(state: State) -> dict[int, str]:
    return {index: spoken(section["text"]) for index, section in sorted(state["sections"].items())}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def _section_of(quote: str, texts: Mapping[int, str]) -> int | None:
    """The section that has these words, three at least."""
    words = fold_words(quote)
    if words.count(" ") < 4:
        return None
    return next((index for index, text in texts.items() if words in fold_words(text)), None)
