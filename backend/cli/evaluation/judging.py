"""The blind judge of an evaluation: a rubric, and comparisons of two texts, each of which is shown first once."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from workflows.models.calls.calls import ask
from workflows.models.clients.catalog import Model
from workflows.prompts import Prompts

RUBRIC = ("coherence", "ending", "fit", "repetition", "facts", "length")
_PROMPTS = Prompts(Path(__file__).parent / "prompts")


class RubricScores(BaseModel):
    """The judge's answer on one text."""

    coherence: int = Field(ge=1, le=5)
    ending: int = Field(ge=1, le=5)
    fit: int = Field(ge=1, le=5)
    repetition: int = Field(ge=1, le=5)
    facts: int = Field(ge=1, le=5)
    length: int = Field(ge=1, le=5)
    comment: str


class Comparison(BaseModel):
    """The judge's answer on two."""

    better: Literal["first", "second", "equal"]
    reason: str


async def score_text(
    judge: Model, task: Mapping[str, Any], text: str, words: int, planned_words: int
) -> tuple[dict[str, int], str]:
    """Scores by the rubric, and a comment. `planned_words`: how long the text was to be; 0 where nobody knows."""
    messages = _PROMPTS.messages(
        "rubric", task=_dump_task(task), text=text, words=words, planned_words=planned_words
    )
    answer = await ask(judge, RubricScores, messages)
    return {name: getattr(answer, name) for name in RUBRIC}, " ".join(answer.comment.split())[:400]


async def compare_texts(
    judge: Model, task: Mapping[str, Any], text: str, other: str
) -> Literal["better", "worse", "equal"]:
    """Whether the text is better than the other one. Judges lean to one place, so both are shown first once, and where
    the answers differ neither is better."""
    shown_first = await _find_better(judge, task, text, other)
    shown_second = await _find_better(judge, task, other, text)
    match shown_first, shown_second:
        case "first", "second":
            return "better"
        case "second", "first":
            return "worse"
    return "equal"


async def _find_better(
    judge: Model, task: Mapping[str, Any], first: str, second: str
) -> Literal["first", "second", "equal"]:
    messages = _PROMPTS.messages("comparison", task=_dump_task(task), first=first, second=second)
    return (await ask(judge, Comparison, messages)).better


def _dump_task(task: Mapping[str, Any]) -> str:
    return json.dumps(task, ensure_ascii=False, indent=1)
