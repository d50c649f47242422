"""The blind judge of an evaluation: a rubric, and comparisons of two texts in an order of chance."""

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
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


async def score_text(judge: Model, task: Mapping[str, Any], text: str) -> tuple[dict[str, int], str]:
    """Scores by the rubric, and a comment."""
    answer = await ask(judge, RubricScores, _PROMPTS.messages("rubric", task=_dump_task(task), text=text))
    return {name: getattr(answer, name) for name in RUBRIC}, " ".join(answer.comment.split())[:400]


async def compare_texts(
    judge: Model, task: Mapping[str, Any], text: str, other: str, chance: Random
) -> Literal["better", "worse", "equal"]:
    """Whether the text is better than the other one; which of them is shown first is left to chance."""
    turned = chance.random() < 0.5
    first, second = (other, text) if turned else (text, other)
    messages = _PROMPTS.messages("comparison", task=_dump_task(task), first=first, second=second)
    answer = await ask(judge, Comparison, messages)
    if answer.better == "equal":
        return "equal"
    return "better" if (answer.better == "first") != turned else "worse"


def _dump_task(task: Mapping[str, Any]) -> str:
    return json.dumps(task, ensure_ascii=False, indent=1)
