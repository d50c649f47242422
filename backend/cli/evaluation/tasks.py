"""The fixed tasks, and what a model made of one."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from workflows.formats.base import AnyFormat

_FILE = Path(__file__).parent / "tasks.toml"


@dataclass(frozen=True, slots=True)
class EvaluationTask:
    """Input of a format to be evaluated. `number` tells tasks apart that are written more than once."""

    name: str
    format: str
    input: Mapping[str, Any]
    number: int = 1

    @property
    def key(self) -> str:
        """What it is called in a folder of results."""
        return f"{self.format}-{self.name}-{self.number}"


class Outcome(BaseModel):
    """Outcome of a task: `text` stands in a file of its own. `scores` are the judge's, 1 to 5; `not_judged`, why there
    are none. `words`: of the sections, with headings, as `planned_words` are (0 where nobody knows). `other_words` and
    `other_cost_usd`: of the text of the other model; `other_failure`, why there is none."""

    key: str
    format: str
    failure: str | None = None
    not_judged: str | None = None
    words: int = 0
    planned_words: int = 0
    seconds: float = 0.0
    cost_usd: float | None = None
    length_off: float = 0.0
    repetition: float = 0.0
    scores: dict[str, int] = Field(default_factory=dict)
    comment: str = ""
    against: str | None = None
    other_words: int | None = None
    other_cost_usd: float | None = None
    other_failure: str | None = None


class Results(BaseModel):
    """Results of an evaluation, as its folder keeps them."""

    model: str
    judge: str | None
    judge_cost_usd: float | None = None
    other: str | None = None
    outcomes: list[Outcome] = Field(default_factory=list)


def list_tasks(formats: Mapping[str, AnyFormat], wanted: Sequence[str], n: int) -> list[EvaluationTask]:
    """`n` tasks of each installed format that is `wanted` (none: all); where there are fewer, again from the first."""
    with _FILE.open("rb") as file:
        given = tomllib.load(file)["task"]
    found: list[EvaluationTask] = []
    for name, format in formats.items():
        own = [task for task in given if task["format"] == name] or [{"name": "example", "input": {}}]
        for place in range(n if not wanted or name in wanted else 0):
            task = own[place % len(own)]
            inputs = {**format.example, **task["input"]}
            found.append(EvaluationTask(task["name"], name, inputs, place // len(own) + 1))
    return found
