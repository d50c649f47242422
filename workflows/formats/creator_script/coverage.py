"""Coverage of a script's key points by their meaning, judged by a model that quotes the words."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from workflows.formats.creator_script.input import CreatorScriptInput
from workflows.formats.creator_script.script import spoken
from workflows.models.calls.calls import ask
from workflows.models.clients.catalog import Model
from workflows.prompts import Prompts
from workflows.state import State

_PROMPTS = Prompts(Path(__file__).parent / "prompts" / "standard")
_WORD = re.compile(r"\w+")
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
    covered without words of the script to show for it, are left out: there words decide."""
    if not inputs.key_points:
        return {}
    texts = {index: spoken(section["text"]) for index, section in sorted(state["sections"].items())}
    messages = _PROMPTS.messages("points", points=[point.text for point in inputs.key_points], texts=texts)
    answer = await ask(model, PointVerdicts, messages)
    found: dict[int, dict[str, Any]] = {}
    if any(verdict.number == 0 for verdict in answer.verdicts):  # it counts from another point than we do
        return found
    for verdict in answer.verdicts:
        index = verdict.number - 1
        if not 0 <= index < len(inputs.key_points) or found.get(index, {}).get("covered") is False:
            continue  # it may answer for points that aren't there; of two answers, the stricter one counts
        if not verdict.covered:
            found[index] = {"covered": False}
        elif (section := _section_of(verdict.quote, texts)) is not None:
            quote = " ".join(verdict.quote.split())[:_QUOTE_LETTERS]
            found[index] = {"covered": True, "section": section, "quote": quote}
    return found


def _section_of(quote: str, texts: Mapping[int, str]) -> int | None:
    """The section that has these words, three at least."""
    words = _fold(quote)
    if words.count(" ") < 4:
        return None
    return next((index for index, text in texts.items() if words in _fold(text)), None)


def _fold(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "
